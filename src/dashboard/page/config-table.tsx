// Configurations: one as a whole, or several beside each other in what they differ.

import { useState } from "preact/hooks";
import { comparedConfigs, sectionsOf } from "./configuration.js";
import { swatchClass } from "./palette.js";

/** One configuration, section by section. */
export function Configuration({ config }: { readonly config: unknown }) {
  return (
    <section class="panel" aria-labelledby="configuration">
      <h2 id="configuration">Configuration</h2>
      <div class="sections">
        {sectionsOf(config).map(({ section, rows }) => (
          <table class="config" key={section}>
            <caption>{section}</caption>
            <tbody>
              {rows.map(([key, value]) => (
                <tr key={key}>
                  <th scope="row">{key}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}

interface ConfigTableProps {
  readonly runs: readonly { readonly name: string; readonly config: unknown }[];
}

/** Several beside each other. */
export function ConfigTable({ runs }: ConfigTableProps) {
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState("");
  const rows = comparedConfigs(runs.map(({ config }) => config));
  const differing = rows.filter(({ differs }) => differs).length;
  const shown = rows.filter(({ key, differs }) => (all || differs) && key.toLowerCase().includes(filter.toLowerCase()));
  return (
    <section class="panel" aria-labelledby="configuration">
      <div class="panel-head">
        <h2 id="configuration">Differences of configuration</h2>
        <div class="panel-tools">
          <label class="check">
            <input type="checkbox" checked={all} onChange={() => setAll(!all)} />
            all {rows.length} keys
          </label>
          <input
            type="search"
            placeholder="Find a key"
            aria-label="Find a key"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </div>
      </div>
      {differing === 0 && <p class="hint">All configurations are the same.</p>}
      {shown.length > 0 && (
        <div class="scroll">
          <table class="config">
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
