package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// manifests writes down every manifest that was put, before the registry behind it answers for it, and puts all of
// them again when the program starts: the registry itself keeps them in memory.
type manifests struct {
	folder string
	next   http.Handler
}

// kept is one manifest on disk, and where it was put.
type kept struct {
	Path, Type string
	Body       []byte
}

func (m *manifests) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	if !strings.Contains(request.URL.Path, "/manifests/") || (request.Method != http.MethodPut && request.Method != http.MethodDelete) {
		m.next.ServeHTTP(answer, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err == nil {
		err = m.change(request, body)
	}
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	m.next.ServeHTTP(answer, request)
}

func (m *manifests) change(request *http.Request, body []byte) error {
	path := m.file(request.URL.Path)
	if request.Method == http.MethodDelete {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(m.folder, 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(kept{request.URL.Path, request.Header.Get("Content-Type"), body})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(m.folder, ".new-*")
	if err != nil {
		return err
	}
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func (m *manifests) file(path string) string {
	return filepath.Join(m.folder, url.QueryEscape(path)+".json")
}

func (m *manifests) restore() error {
	entries, err := os.ReadDir(m.folder)
	if os.IsNotExist(err) {
		return nil
	}
	for _, entry := range entries {
		if err == nil && strings.HasSuffix(entry.Name(), ".json") {
			err = m.put(entry)
		}
	}
	return err
}

func (m *manifests) put(entry fs.DirEntry) error {
	text, err := os.ReadFile(filepath.Join(m.folder, entry.Name()))
	if err != nil {
		return err
	}
	var found kept
	if err := json.Unmarshal(text, &found); err != nil {
		return fmt.Errorf("%s: %w", entry.Name(), err)
	}
	request := httptest.NewRequest(http.MethodPut, found.Path, bytes.NewReader(found.Body))
	request.Header.Set("Content-Type", found.Type)
	answer := httptest.NewRecorder()
	m.next.ServeHTTP(answer, request)
	if answer.Code != http.StatusCreated {
		return fmt.Errorf("%s: %d %s", found.Path, answer.Code, answer.Body)
	}
	return nil
}
