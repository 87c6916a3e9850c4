// Starts the page that trains.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/explore.css";
import "../styles/trainer.css";
import { TrainerPage } from "./trainer-page.js";

render(<TrainerPage />, document.getElementById("page")!);
