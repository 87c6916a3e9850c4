// The processes of one command: opened before it begins, and told of its end, whatever that was.

import type { Command } from "commander";
import { alone, type Communicator } from "../processes/communicator.js";
import { type Launch, readLaunch } from "../processes/launch.js";
import { openProcesses } from "../processes/open.js";

/** Commands whose work processes divide. Of any other, the first process alone does it. */
const dividedCommands: ReadonlySet<string> = new Set(["pretrain", "resume", "finetune", "segment train"]);

/** What a command knows of the other processes. */
export interface CommandProcesses {
  readonly communicator: Communicator;
  /** To be called with an error that the command deals with by itself: the others end for it too. */
  fail(error: unknown): void;
}

/** The processes that a launcher started for one command line. */
export class LaunchedProcesses implements CommandProcesses {
  communicator: Communicator = alone;
  #failure: Error | undefined;
  readonly #launch: Launch | undefined;

  constructor(private readonly environment: NodeJS.ProcessEnv) {
    this.#launch = readLaunch(environment);
  }

  /**
   * Opens them for a command that they divide. Returns false where this process has nothing to do. Throws ProcessesError.
   */
  async begin(command: Command, args: readonly string[]): Promise<boolean> {
    const group = command.parent?.parent ? `${command.parent.name()} ` : "";
    if (!dividedCommands.has(group + command.name())) return (this.#launch?.rank ?? 0) === 0;
    this.communicator = await openProcesses(["mixedae", ...args], this.environment);
    return true;
  }

  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
  }

  /** Resolves when all have ended. Returns the error of another process that nobody here knows of yet. */
  end(): Promise<Error | undefined> {
    return this.communicator.close(this.#failure);
  }
}
