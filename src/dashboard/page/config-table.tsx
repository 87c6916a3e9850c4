// Configurations beside each other: what differs, or everything.

import { useState } from "preact/hooks";
import { comparedConfigs } from "./configuration.js";
import { swatchClass } from "./palette.js";

interface ConfigTableProps {
  readonly runs: readonly { readonly name: string; readonly config: unknown }[];
}

export function ConfigTable({ runs }: ConfigTableProps) {
  const [all, setAll] = useState(runs.length === 1);
  const [filter, setFilter] = useState("");
  const rows = comparedConfigs(runs.map(({ config }) => config));
  const differing = rows.filter(({ differs }) => differs).length;
  const isAll = all || runs.length === 1;
  const shown = rows.filter(
    ({ key, differs }) => (isAll || differs) && key.toLowerCase().includes(filter.toLowerCase()),
  );
  return (
    <section class="panel" aria-labelledby="configuration">
      <div class="panel-head">
        <h2 id="configuration">{runs.length === 1 ? "Configuration" : "Differences of configuration"}</h2>
        <div class="panel-tools">
          {runs.length > 1 && (
            <label class="check">
              <input type="checkbox" checked={all} onChange={() => setAll(!all)} />
              all {rows.length} keys
            </label>
          )}
          <input
            type="search"
            placeholder="Find a key"
            aria-label="Find a key"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </div>
      </div>
      {runs.length > 1 && differing === 0 && <p class="hint">All configurations are the same.</p>}
      {shown.length > 0 && (
        <div class="scroll">
          <table class="config">
            {runs.length > 1 && (
              <thead>
                <tr>
                  <th scope="col">key</th>
                  {runs.map(({ name }, place) => (
                    <th scope="col" key={name}>
                      <span class={swatchClass(place)} aria-hidden="true" /> {name}
                    </th>
                  ))}
                </tr>
              </thead>
            )}
            <tbody>
              {shown.map(({ key, values, differs }) => (
                <tr key={key} class={differs && all ? "differs" : ""}>
                  <th scope="row">{key}</th>
                  {values.map((value, place) => (
                    <td key={runs[place]!.name}>{value ?? <span class="muted">–</span>}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
