-- provides: documents.pipeline_type, document_vdr_pages, chunk_bm25_index, bm25_term_stats, document_bm25_metadata, hybrid_search_config

-- Nullable and without a default: code that knows only schema 1 goes on inserting documents.
ALTER TABLE documents ADD COLUMN IF NOT EXISTS pipeline_type text
    CONSTRAINT documents_pipeline_type_known CHECK (pipeline_type IN ('vdr', 'text_rag'));

CREATE TABLE IF NOT EXISTS document_vdr_pages (
    document_id uuid NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    page_number integer NOT NULL,
    width double precision NOT NULL,
    height double precision NOT NULL,
    image_count integer NOT NULL,
    caption text NOT NULL,
    PRIMARY KEY (document_id, page_number)
);

CREATE TABLE IF NOT EXISTS chunk_bm25_index (
    chunk_id bigint NOT NULL REFERENCES document_chunks (id) ON DELETE CASCADE,
    term text NOT NULL,
    frequency integer NOT NULL,
    PRIMARY KEY (chunk_id, term)
);
CREATE INDEX IF NOT EXISTS chunk_bm25_index_by_term ON chunk_bm25_index (term);

CREATE TABLE IF NOT EXISTS bm25_term_stats (
    term text PRIMARY KEY,
    chunk_count integer NOT NULL
);

CREATE TABLE IF NOT EXISTS document_bm25_metadata (
    document_id uuid PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    chunk_count integer NOT NULL,
    word_count integer NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS hybrid_search_config (
    name text PRIMARY KEY,
    value double precision NOT NULL
);
INSERT INTO hybrid_search_config (name, value) VALUES ('k1', 1.2), ('b', 0.75) ON CONFLICT (name) DO NOTHING;
