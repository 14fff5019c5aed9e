// Package kubelet walks a pod through its life as a node's agent would, without running anything: it is given a pod
// and a time and works out the status, the events, and when to look again.
//
// Reasons, messages and the order of events are those of the Kubernetes kubelet (Kubernetes documentation, "Pod
// Lifecycle"; "Images"; "Debug Pods"), because that is what people and tools look for.
package kubelet

import (
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"rollbackstack/sandbox/cluster/images"
)

// DefaultBackoff is the first wait of a kubelet after a failure; maxBackoffs times that is its longest (5 minutes).
const (
	DefaultBackoff = 10 * time.Second
	maxBackoffs    = 30
)

const (
	// crashAfter is how long a crashing program lives, taskTakes how long a program that ends well runs, where the
	// catalogue names no time.
	crashAfter = time.Second
	taskTakes  = 200 * time.Millisecond
	// exitTakes is how long a container is seen as terminated before the kubelet restarts it or backs off.
	exitTakes = 500 * time.Millisecond
	// pullFails is how long ErrImagePull is seen before it becomes ImagePullBackOff.
	pullFails = 2 * time.Second
	// retryConfig is how soon a missing ConfigMap or Secret is looked for again.
	retryConfig = 2 * time.Second
	// probePeriod is the default of a probe's periodSeconds.
	probePeriod = 10 * time.Second
)

// Timing holds what a user can choose.
type Timing struct {
	// Start is how long a pod takes from the node's first look at it to its containers' start.
	Start time.Duration
	// Backoff is the first wait before a failed container or image pull is tried again.
	Backoff time.Duration
}

// Surroundings answers what a pod's fate depends on.
type Surroundings interface {
	// Image looks up what the pod's node has; authorised says whether the pod's pull secrets open private images.
	Image(pod *corev1.Pod, reference string) (image images.Image, found bool)
	// Pull brings an image to the node from its registry; the text says why that failed, empty where there is none.
	Pull(pod *corev1.Pod, reference string) (problem string)
	Authorised(pod *corev1.Pod) bool
	// VolumeProblem and ContainerProblem name a ConfigMap or Secret that is missing; empty when there is none.
	VolumeProblem(pod *corev1.Pod) string
	ContainerProblem(pod *corev1.Pod, container *corev1.Container) string
}

// Event is one event to record about a pod; Container is empty when it concerns the whole pod.
type Event struct {
	Type, Reason, Message, Container string
	Init                             bool
}

// Pod is what a node remembers of one pod. The status in it is the node's own and the authority on containers.
type Pod struct {
	Status corev1.PodStatus

	timing   Timing
	around   Surroundings
	spec     *corev1.Pod
	now      time.Time
	events   []Event
	memories map[string]*memory
	startAt  time.Time
	next     time.Time

	impatient atomic.Bool
}

// memory is what the status of a container does not tell: when its present state ends, and how often a pull failed.
type memory struct {
	due       time.Time
	since     time.Time // the start of a running container, more exactly than the status tells
	pulls     int
	nextProbe time.Time
}

// Adopt takes a pod over in whatever state it is: new, or left by the last run of this program, in which case its
// containers go on as if nothing had happened.
func Adopt(pod *corev1.Pod, ip, hostIP string, timing Timing, around Surroundings) *Pod {
	p := &Pod{timing: timing, around: around, memories: map[string]*memory{}}
	p.Status = *pod.Status.DeepCopy()
	p.Status.HostIP, p.Status.HostIPs = hostIP, []corev1.HostIP{{IP: hostIP}}
	p.Status.PodIP, p.Status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	return p
}

// Step brings the pod to where it has to be at a time. It returns the events of the way there and when to call it
// again; the zero time means that nothing changes unless the pod or its surroundings do.
func (p *Pod) Step(pod *corev1.Pod, now time.Time) ([]Event, time.Time) {
	p.spec, p.now, p.events, p.next = pod, now, nil, time.Time{}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return nil, time.Time{}
	}
	if p.Status.StartTime == nil {
		p.Status.StartTime = ptr.To(p.stamp())
		p.startAt = now.Add(p.timing.Start)
	}
	if p.impatient.Swap(false) {
		for _, m := range p.memories {
			m.due = time.Time{}
		}
	}
	p.ensureStatuses()
	if p.mounted() {
		if p.initialise() {
			for i := range pod.Spec.Containers {
				container := &pod.Spec.Containers[i]
				p.advance(container, p.statusOf(p.Status.ContainerStatuses, container.Name), p.program(container, false))
			}
		}
	}
	p.conclude()
	return p.events, p.next
}

// Retry makes the next step forget every wait, so that a changed catalogue shows at once. Unlike the other methods it
// may be called while another is running.
func (p *Pod) Retry() { p.impatient.Store(true) }

// End is the status of a pod whose containers have been told to stop and did.
func (p *Pod) End(now time.Time) {
	p.now = now
	for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].State.Running != nil {
				p.exit(&statuses[i], 0)
			}
		}
	}
	if p.Status.Phase != corev1.PodFailed {
		p.Status.Phase = corev1.PodSucceeded
	}
	p.setCondition(corev1.PodReady, false, "PodCompleted", "")
	p.setCondition(corev1.ContainersReady, false, "PodCompleted", "")
}

// mounted waits for the pod's start and for its volumes.
func (p *Pod) mounted() bool {
	if p.now.Before(p.startAt) {
		p.wake(p.startAt)
		return false
	}
	if p.started() {
		return true
	}
	problem := p.around.VolumeProblem(p.spec)
	if problem == "" {
		return true
	}
	p.event(nil, corev1.EventTypeWarning, "FailedMount", problem)
	p.wake(p.now.Add(retryConfig))
	return false
}

// started says whether any container has ever been tried; from then on the volumes are mounted.
func (p *Pod) started() bool {
	for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, s := range statuses {
			waiting := s.State.Waiting
			if waiting == nil || (waiting.Reason != reasonCreating && waiting.Reason != reasonInitializing) {
				return true
			}
		}
	}
	return false
}

// initialise runs the init containers one after the other, sidecars (restartPolicy Always) along with the rest, and
// says whether the app containers may run.
func (p *Pod) initialise() bool {
	for i := range p.spec.Spec.InitContainers {
		container := &p.spec.Spec.InitContainers[i]
		status := p.statusOf(p.Status.InitContainerStatuses, container.Name)
		program := p.program(container, true)
		p.advance(container, status, program)
		if program.ends && !succeeded(status) {
			return false
		}
		if !program.ends && status.State.Running == nil && status.LastTerminationState.Terminated == nil {
			return false
		}
	}
	return true
}

func (p *Pod) memory(name string) *memory {
	if p.memories[name] == nil {
		p.memories[name] = &memory{}
	}
	return p.memories[name]
}

// stamp is the present in the API's resolution of one second: what is kept and what is stored have to compare equal.
func (p *Pod) stamp() metav1.Time { return metav1.NewTime(p.now).Rfc3339Copy() }

// wake asks to be called again at a time, or earlier.
func (p *Pod) wake(at time.Time) {
	if p.next.IsZero() || at.Before(p.next) {
		p.next = at
	}
}

func (p *Pod) event(container *corev1.Container, kind, reason, message string) {
	event := Event{Type: kind, Reason: reason, Message: message}
	if container != nil {
		event.Container = container.Name
		for i := range p.spec.Spec.InitContainers {
			event.Init = event.Init || p.spec.Spec.InitContainers[i].Name == container.Name
		}
	}
	p.events = append(p.events, event)
}
