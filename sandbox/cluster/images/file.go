package images

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how often the file's date is looked at. Asking is cheaper and more certain than watching: the file may
// be replaced, removed, or lie on a file system without notifications.
const lookEvery = 500 * time.Millisecond

// File is a catalogue that follows a file.
type File struct {
	path    string
	seen    stamp
	current atomic.Pointer[Catalogue]
}

type stamp struct {
	modified time.Time
	size     int64
}

// Open reads the catalogue at path; an empty path means that every image exists, a missing file that none does yet.
// A file that cannot be understood is an error.
func Open(path string) (*File, error) {
	f := &File{path: path}
	f.current.Store(Everything())
	if path == "" {
		return f, nil
	}
	_, err := f.reload()
	return f, err
}

// Find looks an image reference up in the newest catalogue.
func (f *File) Find(reference string) (Image, bool) { return f.current.Load().Find(reference) }

// Follow re-reads the file whenever it changes and then calls changed; it returns when ctx ends. A change that cannot
// be understood is reported once and leaves the former catalogue in force.
func (f *File) Follow(ctx context.Context, changed func()) {
	if f.path == "" {
		return
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		updated, err := f.reload()
		if err != nil {
			fmt.Fprintf(os.Stderr, "cluster: %v; the former catalogue stays in force\n", err)
		}
		if updated {
			changed()
		}
	}
}

// reload reads the file when its date or size has changed since the last look, and says whether it did.
func (f *File) reload() (bool, error) {
	var now stamp
	info, err := os.Stat(f.path)
	if err == nil {
		now = stamp{info.ModTime(), info.Size()}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("cannot read the image catalogue: %w", err)
	}
	if f.seen == now && now != (stamp{}) {
		return false, nil
	}
	first := f.seen == (stamp{})
	f.seen = now
	if now == (stamp{}) {
		f.current.Store(&Catalogue{})
		return !first, nil
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return false, fmt.Errorf("cannot read the image catalogue: %w", err)
	}
	catalogue, err := Parse(data)
	if err != nil {
		return false, fmt.Errorf("the image catalogue %s is not valid: %w", f.path, err)
	}
	f.current.Store(catalogue)
	return true, nil
}
