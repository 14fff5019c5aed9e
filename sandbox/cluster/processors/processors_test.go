package processors

import (
	"testing"
	"time"
)

func TestAllProcessorsAreUsedWhileThereIsWorkAndOneAtRest(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	p := &processors{all: 4, worked: start}
	now := start
	for _, c := range []struct {
		name  string
		used  time.Duration
		looks int
		want  int
	}{
		{"a short pause", 5 * time.Millisecond, 39, 4},
		{"rest", 5 * time.Millisecond, 1, 1},
		{"more rest", 5 * time.Millisecond, 400, 1},
		{"work", 40 * time.Millisecond, 1, 4},
		{"a pause in work", 0, 39, 4},
		{"rest again", 0, 1, 1},
	} {
		got := 0
		for range c.looks {
			now = now.Add(lookEvery)
			got = p.wanted(now, c.used, lookEvery)
		}
		if got != c.want {
			t.Errorf("%s: %d processors, want %d", c.name, got, c.want)
		}
	}
}
