package kubelet

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"rollbackstack/sandbox/cluster/images"
)

const (
	reasonCreating     = "ContainerCreating"
	reasonInitializing = "PodInitializing"
	reasonPullFailed   = "ErrImagePull"
	reasonPullBackOff  = "ImagePullBackOff"
	reasonConfig       = "CreateContainerConfigError"
	reasonCrashLoop    = "CrashLoopBackOff"
)

// program is how one container of a pod behaves.
type program struct {
	image images.Image
	found bool
	init  bool
	// ends: it runs to completion instead of serving; restarts: it is started again after a failure, or after any end.
	ends              bool
	restartsOnFailure bool
	restartsAlways    bool
}

func (p *Pod) program(container *corev1.Container, init bool) program {
	image, found := p.around.Image(p.spec, container.Image)
	if found && image.Private && !p.around.Authorised(p.spec) {
		found = false
	}
	policy := p.spec.Spec.RestartPolicy
	sidecar := init && ptr.Deref(container.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways
	return program{
		image: image,
		found: found,
		init:  init,
		// A pod that is not restarted for ever is a task: its containers end by themselves, as those of a Job do.
		ends:              !sidecar && (init || policy != corev1.RestartPolicyAlways),
		restartsOnFailure: sidecar || policy != corev1.RestartPolicyNever,
		restartsAlways:    sidecar || (!init && policy == corev1.RestartPolicyAlways),
	}
}

// advance takes one container through every state that is over by now.
func (p *Pod) advance(container *corev1.Container, status *corev1.ContainerStatus, program program) {
	m := p.memory(container.Name)
	for {
		switch {
		case status.State.Running != nil:
			p.serve(container, status, program, m)
		case status.State.Terminated != nil && !program.again(status):
			return
		}
		if status.State.Running != nil && m.due.IsZero() {
			return
		}
		if p.now.Before(m.due) {
			p.wake(m.due)
			return
		}
		p.leave(container, status, program, m)
		program = p.program(container, program.init)
	}
}

func (r program) again(status *corev1.ContainerStatus) bool {
	return r.restartsAlways || (r.restartsOnFailure && status.State.Terminated.ExitCode != 0)
}

// serve sets what a running container shows: its readiness, and when it ends by itself.
func (p *Pod) serve(container *corev1.Container, status *corev1.ContainerStatus, program program, m *memory) {
	if m.since.IsZero() {
		m.since = status.State.Running.StartedAt.Time
	}
	started := m.since
	after := program.image.After
	crashes := program.found && program.image.Behaviour == images.Crash
	m.due = time.Time{}
	switch {
	case crashes && after == 0:
		m.due = started.Add(crashAfter)
	case crashes:
		m.due = started.Add(after)
	case program.ends:
		m.due = started.Add(max(after, taskTakes))
	}
	status.Started = ptr.To(true)
	status.Ready = !program.init || !program.ends
	if crashes && after == 0 && probed(container) {
		// It ends before a probe of it could pass.
		status.Started, status.Ready = ptr.To(container.StartupProbe == nil), false
		return
	}
	if program.ends {
		return
	}
	turns := started.Add(after)
	failing := false
	switch program.image.Behaviour {
	case images.Slow:
		failing = p.now.Before(turns)
	case images.Unready:
		failing = !p.now.Before(turns)
	default:
		return
	}
	if p.now.Before(turns) {
		p.wake(turns)
	}
	status.Ready = !failing
	if failing {
		p.probeFails(container, m)
	}
}

// probed tells whether the kubelet waits for a probe before it takes a container as ready.
func probed(container *corev1.Container) bool {
	return container.StartupProbe != nil || container.ReadinessProbe != nil
}

// probeFails records what a failing readiness probe does, once in each of its periods.
func (p *Pod) probeFails(container *corev1.Container, m *memory) {
	if !p.now.Before(m.nextProbe) {
		period := probePeriod
		if probe := container.ReadinessProbe; probe != nil && probe.PeriodSeconds > 0 {
			period = time.Duration(probe.PeriodSeconds) * time.Second
		}
		m.nextProbe = p.now.Add(period)
		p.event(container, corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	}
	p.wake(m.nextProbe)
}

// leave takes a container out of a state that is over.
func (p *Pod) leave(container *corev1.Container, status *corev1.ContainerStatus, program program, m *memory) {
	switch {
	case status.State.Running != nil:
		code := int32(0)
		if program.found && program.image.Behaviour == images.Crash {
			code = 1
		}
		p.exit(status, code)
		status.Ready = program.init && program.ends && code == 0
		m.due = p.now.Add(exitTakes)
	case status.State.Terminated != nil && status.RestartCount > 0:
		p.backOff(container, status, m)
	case status.State.Waiting != nil && status.State.Waiting.Reason == reasonPullFailed:
		p.wait(status, reasonPullBackOff, fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", container.Image, status.State.Waiting.Message))
		p.event(container, corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", container.Image))
		p.event(container, corev1.EventTypeWarning, "Failed", "Error: "+reasonPullBackOff)
		m.due = p.now.Add(p.backoff(m.pulls))
	default:
		p.start(container, status, program, m)
	}
}

// start pulls a container's image and starts it, or says why that is not possible.
func (p *Pod) start(container *corev1.Container, status *corev1.ContainerStatus, program program, m *memory) {
	restart := status.State.Terminated != nil || status.LastTerminationState.Terminated != nil
	if !restart && !program.found {
		problem := p.around.Pull(p.spec, container.Image)
		if problem == "" {
			program = p.program(container, program.init)
		}
		if !program.found {
			p.pullFails(container, status, m, problem)
			return
		}
	}
	if problem := p.around.ContainerProblem(p.spec, container); problem != "" {
		p.wait(status, reasonConfig, problem)
		p.event(container, corev1.EventTypeWarning, "Failed", "Error: "+problem)
		m.due = p.now.Add(retryConfig)
		return
	}
	if restart {
		p.event(container, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", container.Image))
		if ended := status.State.Terminated; ended != nil {
			status.LastTerminationState = corev1.ContainerState{Terminated: ended}
		}
		status.RestartCount++
	} else {
		p.event(container, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", container.Image))
		p.event(container, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q", container.Image))
	}
	p.event(container, corev1.EventTypeNormal, "Created", "Created container: "+container.Name)
	p.event(container, corev1.EventTypeNormal, "Started", "Started container "+container.Name)
	m.pulls, m.nextProbe, m.since = 0, time.Time{}, p.now
	status.Image, status.ImageID = container.Image, imageID(container.Image)
	status.ContainerID = fmt.Sprintf("simulated://%x", sha256.Sum256([]byte(fmt.Sprint(p.spec.UID, container.Name, status.RestartCount))))
	status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: p.stamp()}}
}

// pullFails shows why an image can't be had: what its registry said, or that the catalogue has no such image.
func (p *Pod) pullFails(container *corev1.Container, status *corev1.ContainerStatus, m *memory, message string) {
	if message == "" {
		message = fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", container.Image, container.Image, container.Image)
		if image, found := p.around.Image(p.spec, container.Image); found && image.Private {
			message = fmt.Sprintf("rpc error: code = Unknown desc = failed to pull and unpack image %q: failed to authorize: unexpected status: 401 Unauthorized", container.Image)
		}
	}
	m.pulls++
	p.wait(status, reasonPullFailed, message)
	p.event(container, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", container.Image))
	p.event(container, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", container.Image, message))
	p.event(container, corev1.EventTypeWarning, "Failed", "Error: "+reasonPullFailed)
	m.due = p.now.Add(pullFails)
}

// backOff makes a container that has already been restarted wait for its next chance.
func (p *Pod) backOff(container *corev1.Container, status *corev1.ContainerStatus, m *memory) {
	wait := p.backoff(int(status.RestartCount))
	pod := fmt.Sprintf("%s_%s(%s)", p.spec.Name, p.spec.Namespace, p.spec.UID)
	status.LastTerminationState = corev1.ContainerState{Terminated: status.State.Terminated}
	p.wait(status, reasonCrashLoop, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", wait, container.Name, pod))
	p.event(container, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s", container.Name, pod))
	m.due = p.now.Add(wait)
}

func (p *Pod) backoff(failures int) time.Duration {
	return min(p.timing.Backoff<<min(max(failures-1, 0), 16), maxBackoffs*p.timing.Backoff)
}

func (p *Pod) wait(status *corev1.ContainerStatus, reason, message string) {
	status.Ready, status.Started = false, ptr.To(false)
	status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func (p *Pod) exit(status *corev1.ContainerStatus, code int32) {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	status.Ready, status.Started = false, ptr.To(false)
	status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: status.State.Running.StartedAt, FinishedAt: p.stamp(),
		ContainerID: status.ContainerID,
	}}
}

// imageID is the digest an image was pulled by; a reference without one stands for bytes of its own.
func imageID(reference string) string {
	if strings.Contains(reference, "@sha256:") {
		return reference
	}
	return fmt.Sprintf("%s@sha256:%x", reference, sha256.Sum256([]byte(reference)))
}
