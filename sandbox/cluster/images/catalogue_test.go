package images

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

func TestFind(t *testing.T) {
	catalogue, err := Parse([]byte(`{
		"ghcr.io/o/app` + digest + `": {"behaviour": "slow", "after_seconds": 1.5},
		"ghcr.io/o/app:v1": {"behaviour": "crash"},
		"publicPrefixes": ["docker.io/library/"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for reference, wanted := range map[string]Behaviour{
		"ghcr.io/o/app" + digest:         Slow,
		"ghcr.io/o/app:any-tag" + digest: Slow,
		"ghcr.io/o/app:v1":               Crash,
		"ghcr.io/o/app:v2":               "",
		"localhost:5000/app":             "",
		"docker.io/library/nginx":        Ready,
	} {
		if image, found := catalogue.Find(reference); image.Behaviour != wanted || found != (wanted != "") {
			t.Errorf("%s: %v %v, want %q", reference, image, found, wanted)
		}
	}
	if image, _ := catalogue.Find("ghcr.io/o/app" + digest); image.After != 1500*time.Millisecond {
		t.Errorf("after %s", image.After)
	}
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{`[]`, `{"a": {"behaviour": "explode"}}`, `{"a": {}}`, `{"a": {"behaviour": "slow", "after_seconds": -1}}`, `{"publicPrefixes": 1}`} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestFollowSeesAChangeAndKeepsTheFormerWhenItIsBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.json")
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := file.Find("app"); found {
		t.Fatal("a missing catalogue has no images")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	changed := make(chan struct{}, 4)
	go file.Follow(ctx, func() { changed <- struct{}{} })
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	write(`{"app": {"behaviour": "ready"}}`)
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Fatal("the change was not seen")
	}
	write(`not JSON`)
	time.Sleep(2 * lookEvery)
	if _, found := file.Find("app"); !found {
		t.Fatal("a broken catalogue replaced a good one")
	}
}
