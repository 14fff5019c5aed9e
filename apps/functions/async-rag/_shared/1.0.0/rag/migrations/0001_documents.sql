-- provides: documents, document_chunks

CREATE TABLE IF NOT EXISTS documents (
    id uuid PRIMARY KEY,
    bucket text NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    page_count integer NOT NULL,
    content_sha256 text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (bucket, key)
);

CREATE TABLE IF NOT EXISTS document_chunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    chunk_index integer NOT NULL,
    page_number integer NOT NULL,
    content text NOT NULL,
    word_count integer NOT NULL,
    UNIQUE (document_id, chunk_index)
);
