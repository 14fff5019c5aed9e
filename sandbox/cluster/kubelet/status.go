package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// ensureStatuses gives every container of the pod a status, in the order of the specification.
func (p *Pod) ensureStatuses() {
	reason := reasonCreating
	if len(p.spec.Spec.InitContainers) > 0 {
		reason = reasonInitializing
	}
	p.Status.InitContainerStatuses = complete(p.Status.InitContainerStatuses, p.spec.Spec.InitContainers, reasonInitializing)
	p.Status.ContainerStatuses = complete(p.Status.ContainerStatuses, p.spec.Spec.Containers, reason)
}

func complete(have []corev1.ContainerStatus, containers []corev1.Container, reason string) []corev1.ContainerStatus {
	known := make(map[string]corev1.ContainerStatus, len(have))
	for _, status := range have {
		known[status.Name] = status
	}
	all := make([]corev1.ContainerStatus, 0, len(containers))
	for _, container := range containers {
		status, ok := known[container.Name]
		if !ok {
			status = corev1.ContainerStatus{
				Name: container.Name, Image: container.Image, Started: ptr.To(false),
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
			}
		}
		all = append(all, status)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (p *Pod) statusOf(statuses []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range statuses {
		if statuses[i].Name == name {
			return &statuses[i]
		}
	}
	return nil
}

func succeeded(status *corev1.ContainerStatus) bool {
	return status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
}

// conclude works out the pod's phase and conditions from its containers.
func (p *Pod) conclude() {
	p.Status.ObservedGeneration = p.spec.Generation
	p.Status.Phase = p.phase()
	initialised := p.initialised()
	if p.Status.Phase == corev1.PodSucceeded {
		p.setCondition(corev1.PodInitialized, true, "PodCompleted", "")
		p.setCondition(corev1.ContainersReady, false, "PodCompleted", "")
		p.setCondition(corev1.PodReady, false, "PodCompleted", "")
		return
	}
	p.setCondition(corev1.PodReadyToStartContainers, p.started(), "", "")
	if initialised {
		p.setCondition(corev1.PodInitialized, true, "", "")
	} else {
		p.setCondition(corev1.PodInitialized, false, "ContainersNotInitialized", "containers with incomplete status: "+names(p.Status.InitContainerStatuses, succeeded))
	}
	unready := names(p.Status.ContainerStatuses, func(s *corev1.ContainerStatus) bool { return s.Ready })
	if unready != "[]" {
		message := "containers with unready status: " + unready
		p.setCondition(corev1.ContainersReady, false, "ContainersNotReady", message)
		p.setCondition(corev1.PodReady, false, "ContainersNotReady", message)
		return
	}
	p.setCondition(corev1.ContainersReady, true, "", "")
	for _, gate := range p.spec.Spec.ReadinessGates {
		if !conditionTrue(p.spec.Status.Conditions, gate.ConditionType) {
			p.setCondition(corev1.PodReady, false, "ReadinessGatesNotReady", fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
			return
		}
	}
	p.setCondition(corev1.PodReady, true, "", "")
}

func names(statuses []corev1.ContainerStatus, done func(*corev1.ContainerStatus) bool) string {
	var left []string
	for i := range statuses {
		if !done(&statuses[i]) {
			left = append(left, statuses[i].Name)
		}
	}
	return "[" + strings.Join(left, " ") + "]"
}

func conditionTrue(conditions []corev1.PodCondition, kind corev1.PodConditionType) bool {
	for _, condition := range conditions {
		if condition.Type == kind {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// initialised says whether the app containers have been allowed to run.
func (p *Pod) initialised() bool {
	for i := range p.spec.Spec.InitContainers {
		container := &p.spec.Spec.InitContainers[i]
		status := p.statusOf(p.Status.InitContainerStatuses, container.Name)
		running := status.State.Running != nil || status.LastTerminationState.Terminated != nil
		if p.program(container, true).ends && !succeeded(status) || !p.program(container, true).ends && !running {
			return false
		}
	}
	return true
}

// phase follows the definitions of the Kubernetes documentation, "Pod Lifecycle", section "Pod phase".
func (p *Pod) phase() corev1.PodPhase {
	never := p.spec.Spec.RestartPolicy == corev1.RestartPolicyNever
	if !p.initialised() {
		for _, status := range p.Status.InitContainerStatuses {
			if never && status.State.Terminated != nil && status.State.Terminated.ExitCode != 0 {
				return corev1.PodFailed
			}
		}
		return corev1.PodPending
	}
	var waiting, running, ended, failed int
	for _, status := range p.Status.ContainerStatuses {
		switch {
		case status.State.Running != nil:
			running++
		case status.State.Waiting != nil && status.LastTerminationState.Terminated == nil:
			waiting++
		default:
			ended++
			if status.State.Terminated == nil || status.State.Terminated.ExitCode != 0 {
				failed++
			}
		}
	}
	switch {
	case waiting > 0:
		return corev1.PodPending
	case running > 0 || p.spec.Spec.RestartPolicy == corev1.RestartPolicyAlways:
		return corev1.PodRunning
	case failed == 0:
		return corev1.PodSucceeded
	case never:
		return corev1.PodFailed
	default:
		return corev1.PodRunning
	}
}

func (p *Pod) setCondition(kind corev1.PodConditionType, value bool, reason, message string) {
	status := corev1.ConditionFalse
	if value {
		status = corev1.ConditionTrue
	}
	want := corev1.PodCondition{Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: p.Status.ObservedGeneration}
	for i, have := range p.Status.Conditions {
		if have.Type != kind {
			continue
		}
		want.LastTransitionTime = have.LastTransitionTime
		if have.Status != status {
			want.LastTransitionTime = p.stamp()
		}
		p.Status.Conditions[i] = want
		return
	}
	want.LastTransitionTime = p.stamp()
	p.Status.Conditions = append(p.Status.Conditions, want)
}

// Owned are the conditions that a node's agent sets; all others belong to somebody else.
var Owned = []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady}

// Merge puts a node's status into the one that is stored, leaving alone what others write there.
func Merge(stored *corev1.PodStatus, own corev1.PodStatus) {
	stored.ObservedGeneration, stored.Phase, stored.StartTime = own.ObservedGeneration, own.Phase, own.StartTime
	stored.HostIP, stored.HostIPs, stored.PodIP, stored.PodIPs = own.HostIP, own.HostIPs, own.PodIP, own.PodIPs
	stored.InitContainerStatuses, stored.ContainerStatuses = own.InitContainerStatuses, own.ContainerStatuses
	for _, kind := range Owned {
		for _, condition := range own.Conditions {
			if condition.Type == kind {
				put(stored, condition)
			}
		}
	}
}

func put(status *corev1.PodStatus, condition corev1.PodCondition) {
	for i := range status.Conditions {
		if status.Conditions[i].Type == condition.Type {
			status.Conditions[i] = condition
			return
		}
	}
	status.Conditions = append(status.Conditions, condition)
}
