// Asks the server, with the token that the printed address holds; the token never stands in a request's address.

/** Where the token stays while the address that held it is gone. */
const KEPT = "mixedae-token";

export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(
    message: string,
    /** 0 where nothing answered. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** Takes the token out of the address that was opened, and forgets it there. */
export function takeToken(): string {
  const found = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (found !== undefined) {
    localStorage.setItem(KEPT, found);
    history.replaceState(null, "", `${location.pathname}#/runs`);
  }
  return found ?? localStorage.getItem(KEPT) ?? "";
}

export class Connection {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  async json<Value>(path: string, given?: FormData): Promise<Value> {
    return (await (await this.#ask(path, undefined, given)).json()) as Value;
  }

  async text(path: string): Promise<string> {
    return (await this.#ask(path)).text();
  }

  async blob(path: string): Promise<Blob> {
    return (await this.#ask(path)).blob();
  }

  /** Calls back with the data of each event until the signal is aborted or the server ends it. */
  async listen(path: string, onEvent: (data: string) => void, signal: AbortSignal): Promise<void> {
    const { body } = await this.#ask(path, signal);
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = /^data: ?(.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        onEvent(data ?? "");
      }
    }
  }

  async #ask(path: string, signal?: AbortSignal, given?: FormData): Promise<Response> {
    let answer: Response;
    try {
      const headers = { Authorization: `Bearer ${this.#token}` };
      const sent = given && { method: "POST", body: given };
      answer = await fetch(`/api/${path}`, { headers, ...sent, ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ConnectionError("The dashboard does not answer. Is mixedae dashboard still running?", 0);
    }
    if (!answer.ok) throw new ConnectionError((await answer.text()).trim(), answer.status);
    return answer;
  }
}
