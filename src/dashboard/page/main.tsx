// Starts the page: with the run that it holds where it was exported, else with the server that it came from.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/runs.css";
import "./styles/charts.css";
import "./styles/run.css";
import "./styles/study.css";
import "./styles/explore.css";
import "./styles/embeddings.css";
import type { ExportedRun } from "../api.js";
import { App } from "./app.js";
import { Connection, takeToken } from "./connection.js";
import { ExportedPage } from "./exported-page.js";

const target = document.getElementById("page")!;
const held = document.getElementById("exported-run")?.textContent;

if (held) render(<ExportedPage run={JSON.parse(held) as ExportedRun} />, target);
else render(<App connection={new Connection(takeToken())} />, target);
