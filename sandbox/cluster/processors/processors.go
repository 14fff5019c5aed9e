// Package processors lets this process use all processors while it works, and one while it rests.
package processors

import (
	"context"
	"runtime"
	"syscall"
	"time"
)

const (
	lookEvery = 250 * time.Millisecond
	// busyShare of one processor is work, less is what timers use.
	busyShare = 0.15
	restAfter = 10 * time.Second
)

// processors decides how many processors this process uses: all while it works, one while it rests. The components'
// timers wake it a hundred times a second, and each time the Go scheduler wakes a second thread only to find that there
// is nothing left for it: a third of what a cluster at rest used.
type processors struct {
	all    int
	worked time.Time
}

// wanted is how many it should be at a time before which it used so much of a span.
func (p *processors) wanted(now time.Time, used, span time.Duration) int {
	if float64(used) > busyShare*float64(span) {
		p.worked = now
	}
	if now.Sub(p.worked) < restAfter {
		return p.all
	}
	return 1
}

// Follow the work until ctx ends.
func Follow(ctx context.Context) {
	p := &processors{all: runtime.GOMAXPROCS(0)}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	at, used := time.Now(), processorTime()
	p.worked = at
	for current := p.all; p.all > 1; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, total := time.Now(), processorTime()
		if wanted := p.wanted(now, total-used, now.Sub(at)); wanted != current {
			runtime.GOMAXPROCS(wanted)
			current = wanted
		}
		at, used = now, total
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
