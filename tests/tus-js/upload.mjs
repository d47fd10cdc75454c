// Uploads a file with tus-js-client as it comes:
//
//   node upload.mjs ENDPOINT TOKEN SHA256 FILE [CHUNK_BYTES]
//
// Prints the address of the upload, or fails with what the client was told.

import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, token, sha256, file, chunk] = process.argv.slice(2);
const bytes = readFileSync(file);

await new Promise((resolve, reject) => {
  const upload = new Upload(bytes, {
    endpoint,
    chunkSize: chunk ? Number(chunk) : Infinity,
    headers: { Authorization: `Bearer ${token}` },
    metadata: { sha256, filename: "sink.jpg", filetype: "image/jpeg" },
    // One for each cut: the client begins to count anew whenever some bytes have got through.
    retryDelays: Array(40).fill(50),
    onError: reject,
    onSuccess: () => {
      console.log(upload.url);
      resolve();
    },
  });
  upload.start();
});
