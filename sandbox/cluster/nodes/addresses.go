package nodes

import (
	"fmt"
	"sync"

	"k8s.io/component-base/version"
)

// addresses hands out pod addresses in 10.244.0.0/16, each to one pod at a time.
type addresses struct {
	mutex sync.Mutex
	used  map[string]bool
	last  int
}

// take returns a free address, or keeps the one a pod already has.
func (a *addresses) take(have string) string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.used == nil {
		a.used = map[string]bool{}
	}
	for have == "" {
		a.last++
		candidate := fmt.Sprintf("10.244.%d.%d", a.last/250%250, a.last%250+1)
		if !a.used[candidate] {
			have = candidate
		}
	}
	a.used[have] = true
	return have
}

func (a *addresses) release(address string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	delete(a.used, address)
}

// kubeletVersion is the version the whole program was stamped with when it was built.
func kubeletVersion() string { return version.Get().GitVersion }
