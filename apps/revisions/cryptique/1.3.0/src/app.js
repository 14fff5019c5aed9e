'use strict';

const express = require('express');
const { add } = require('./documents');
const requests = require('./requests');
const { search } = require('./search');
const settings = require('./settings');
const { status } = require('./status');
const version = require('./version');

function createApp(database) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '1mb' }));

  app.get('/health', (_, response) => response.json({ status: 'ok', version }));

  app.get('/api/status', async (_, response) => {
    const found = await status(database);
    response.status(found.status === 'ok' ? 200 : 503).json(found);
  });

  app.post('/api/documents', async (request, response) => {
    const { title } = request.body ?? {};
    const more = title === undefined ? {} : { title: requests.text(request.body, 'title') };
    const made = await add(database, requests.text(request.body, 'text'), more);
    response.status(202).json(made);
  });

  app.get('/api/documents/:id', async (request, response) => {
    const document = await database.documents.findOne({ _id: request.params.id });
    if (!document) return response.status(404).json({ error: `there is no document ${request.params.id}` });
    const job = await database.jobs.findOne({ document_id: document._id });
    const { _id, title = null, text } = document;
    return response.json({ document_id: _id, title, text, status: job?.status ?? 'unknown' });
  });

  app.post('/api/query', async (request, response) => {
    const query = requests.text(request.body, 'query');
    const results = await search(database, query, requests.number(request.body, 'top_k', settings.topK));
    response.json({ version, query, results });
  });

  app.use((request, response) => response.status(404).json({ error: `there is no ${request.method} ${request.path}` }));
  app.use((error, request, response, _next) => {
    const code = error.status ?? 500;
    if (code >= 500) console.error(error);
    response.status(code).json({ error: code >= 500 ? 'the request failed' : error.message });
  });
  return app;
}

module.exports = { createApp };
