// The worker thread of the embeddings: arranging and comparing thousands of vectors must not hold up the dashboard.

import { serveOpened } from "../background/serve-opened.js";
import type { EmbeddingFound, EmbeddingQuestion } from "./embedding-question.js";
import { OpenEmbedding } from "./open-embedding.js";

serveOpened<EmbeddingQuestion, OpenEmbedding, EmbeddingFound>(
  async (path) => new OpenEmbedding(path),
  (embedding, asked) => {
    switch (asked.about) {
      case "map":
        return embedding.map();
      case "layout":
        return embedding.layout(asked.epoch);
      case "similar":
        return typeof asked.to === "number" ? embedding.similarTo(asked.to) : embedding.similarToGiven(asked.to);
      case "duplicates":
        return embedding.duplicates(asked.threshold);
      case "thumbnails":
        return embedding.thumbnails(asked.rows);
      case "picture":
        return embedding.picture(asked.row);
    }
  },
  (embedding) => embedding.close(),
);
