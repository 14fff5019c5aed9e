// Package images knows which container images exist and how the programs in them behave.
package images

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Behaviour is what a container does once it has been started.
type Behaviour string

const (
	// Ready answers its probes at once; as a job it succeeds.
	Ready Behaviour = "ready"
	// Slow answers its probes only after a while.
	Slow Behaviour = "slow"
	// Unready runs, but its readiness probe fails: from the start, or after a while when one is given.
	Unready Behaviour = "unready"
	// Crash ends with exit code 1, a second after its start unless another time is given.
	Crash Behaviour = "crash"
)

// Image is one entry of the catalogue.
type Image struct {
	Behaviour Behaviour
	// After is the time the behaviour takes to show; zero where the catalogue names none.
	After time.Duration
	// Private images can be pulled only with one of the pod's pull secrets.
	Private bool
}

// publicKey is the one key of the catalogue that is no image reference.
const publicKey = "publicPrefixes"

// Catalogue lists the images that can be pulled.
type Catalogue struct {
	images   map[string]Image
	prefixes []string
}

// Everything is the catalogue in which every image exists and is ready.
func Everything() *Catalogue { return &Catalogue{prefixes: []string{""}} }

type entry struct {
	Behaviour    Behaviour `json:"behaviour"`
	AfterSeconds float64   `json:"after_seconds"`
	Private      bool      `json:"private"`
}

// Parse reads a catalogue: {"<image reference>": {"behaviour": "ready|slow|unready|crash", "after_seconds": N,
// "private": bool}, …, "publicPrefixes": ["docker.io/", …]}.
func Parse(data []byte) (*Catalogue, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	catalogue := &Catalogue{images: make(map[string]Image, len(raw))}
	for reference, value := range raw {
		if reference == publicKey {
			if err := json.Unmarshal(value, &catalogue.prefixes); err != nil {
				return nil, fmt.Errorf("%s: %w", publicKey, err)
			}
			continue
		}
		var e entry
		if err := json.Unmarshal(value, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", reference, err)
		}
		if !slices.Contains([]Behaviour{Ready, Slow, Unready, Crash}, e.Behaviour) {
			return nil, fmt.Errorf("%s: behaviour %q is none of ready, slow, unready, crash", reference, e.Behaviour)
		}
		if e.AfterSeconds < 0 {
			return nil, fmt.Errorf("%s: after_seconds must not be negative", reference)
		}
		after := time.Duration(e.AfterSeconds * float64(time.Second))
		catalogue.images[reference] = Image{Behaviour: e.Behaviour, After: after, Private: e.Private}
	}
	return catalogue, nil
}

// Find looks an image reference up. Where a reference has a tag and a digest, the digest decides, as in a container
// runtime.
func (c *Catalogue) Find(reference string) (Image, bool) {
	if image, ok := c.images[reference]; ok {
		return image, true
	}
	if image, ok := c.images[withoutTag(reference)]; ok {
		return image, true
	}
	for _, prefix := range c.prefixes {
		if strings.HasPrefix(reference, prefix) {
			return Image{Behaviour: Ready}, true
		}
	}
	return Image{}, false
}

func withoutTag(reference string) string {
	name, digest, ok := strings.Cut(reference, "@")
	if !ok {
		return reference
	}
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	return name + "@" + digest
}
