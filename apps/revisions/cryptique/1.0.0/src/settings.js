'use strict';

const path = require('node:path');

// The file of the release itself, whatever the folder this was started in; variables of the environment don't override it.
const read = {};
require('dotenv').config({ path: path.join(__dirname, '..', '.env.production'), processEnv: read, quiet: true });

module.exports = {
  port: Number(read.PORT),
  mongodbUri: read.MONGODB_URI,
  topK: Number(read.TOP_K),
  chunkWords: Number(read.CHUNK_WORDS),
};
