package kubelet

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rollbackstack/sandbox/cluster/images"
)

// world is the surroundings of a test, and its clock.
type world struct {
	images  map[string]images.Image
	missing string
	refuses string
	now     time.Time
}

func (w *world) Image(_ *corev1.Pod, reference string) (images.Image, bool) {
	image, ok := w.images[reference]
	return image, ok
}
func (w *world) Pull(_ *corev1.Pod, reference string) string {
	if w.refuses == "" && reference == "mirrored" {
		w.images[reference] = images.Image{Behaviour: images.Ready}
	}
	return w.refuses
}
func (w *world) Authorised(pod *corev1.Pod) bool                        { return len(pod.Spec.ImagePullSecrets) > 0 }
func (w *world) VolumeProblem(*corev1.Pod) string                       { return "" }
func (w *world) ContainerProblem(*corev1.Pod, *corev1.Container) string { return w.missing }

var timing = Timing{Start: 300 * time.Millisecond, Backoff: 10 * time.Second}

func newWorld() *world {
	return &world{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), images: map[string]images.Image{
		"ready": {Behaviour: images.Ready}, "crash": {Behaviour: images.Crash}, "slow": {Behaviour: images.Slow, After: 5 * time.Second},
		"unready": {Behaviour: images.Unready}, "private": {Behaviour: images.Ready, Private: true},
	}}
}

func podOf(policy corev1.RestartPolicy, names ...string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n", UID: "u"}}
	pod.Spec.RestartPolicy = policy
	for _, name := range names {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name, Image: name})
	}
	return pod
}

// live steps a pod whenever it asks for it until the time is over, and returns the reasons of its events in order.
func (w *world) live(p *Pod, pod *corev1.Pod, lasting time.Duration) []string {
	var reasons []string
	end := w.now.Add(lasting)
	for {
		events, next := p.Step(pod, w.now)
		for _, event := range events {
			reasons = append(reasons, event.Reason)
		}
		if next.IsZero() || next.After(end) {
			w.now = end
			return reasons
		}
		w.now = next
	}
}

func (w *world) adopt(pod *corev1.Pod) *Pod { return Adopt(pod, "10.244.0.1", hostOfTest, timing, w) }

const hostOfTest = "127.0.0.1"

func TestReadyPodStartsAfterTheDelay(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "ready")
	p := w.adopt(pod)
	if events := w.live(p, pod, 200*time.Millisecond); len(events) != 0 || p.Status.Phase != corev1.PodPending {
		t.Fatalf("before the delay: %v, %s", events, p.Status.Phase)
	}
	events := w.live(p, pod, time.Minute)
	if want := []string{"Pulling", "Pulled", "Created", "Started"}; !slices.Equal(events, want) {
		t.Fatalf("events %v, want %v", events, want)
	}
	if p.Status.Phase != corev1.PodRunning || !conditionTrue(p.Status.Conditions, corev1.PodReady) {
		t.Fatalf("not ready: %+v", p.Status)
	}
}

func TestUnknownImageBacksOffUntilItAppears(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "later")
	p := w.adopt(pod)
	w.live(p, pod, time.Second)
	if got := p.Status.ContainerStatuses[0].State.Waiting.Reason; got != "ErrImagePull" {
		t.Fatalf("after a second: %s", got)
	}
	w.live(p, pod, 3*time.Second)
	if got := p.Status.ContainerStatuses[0].State.Waiting.Reason; got != "ImagePullBackOff" {
		t.Fatalf("after four seconds: %s", got)
	}
	w.images["later"] = images.Image{Behaviour: images.Ready}
	p.Retry()
	w.live(p, pod, time.Millisecond)
	if p.Status.ContainerStatuses[0].State.Running == nil {
		t.Fatal("a retry must start a container whose image has appeared")
	}
}

func TestACrashingProgramThatIsProbedIsNeverReady(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "crash")
	pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{}
	p := w.adopt(pod)
	for range 70 {
		w.live(p, pod, time.Second)
		if p.Status.ContainerStatuses[0].Ready {
			t.Fatalf("ready: %+v", p.Status.ContainerStatuses[0])
		}
	}
}

func TestCrashRestartsOnceThenBacksOffLongerEachTime(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "crash")
	p := w.adopt(pod)
	events := w.live(p, pod, 70*time.Second)
	if !slices.Contains(events, "BackOff") {
		t.Fatalf("no back-off in %v", events)
	}
	// Starts at 0, 2, then after waits of 10, 20 and 40 seconds: the fourth restart is not due yet.
	if got := p.Status.ContainerStatuses[0].RestartCount; got != 3 {
		t.Fatalf("%d restarts, want 3", got)
	}
	if got := p.Status.ContainerStatuses[0].State.Waiting; got == nil || got.Reason != "CrashLoopBackOff" {
		t.Fatalf("state %+v", p.Status.ContainerStatuses[0].State)
	}
	if p.Status.Phase != corev1.PodRunning {
		t.Fatalf("phase %s", p.Status.Phase)
	}
}

func TestAdoptedPodGoesOnUnchanged(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "ready", "slow")
	p := w.adopt(pod)
	w.live(p, pod, time.Minute)
	pod.Status = *p.Status.DeepCopy()
	again := w.adopt(pod)
	if events := w.live(again, pod, time.Minute); len(events) != 0 {
		t.Fatalf("a restart of the node told %v", events)
	}
	if again.Status.ContainerStatuses[0].ContainerID != pod.Status.ContainerStatuses[0].ContainerID {
		t.Fatal("the container was replaced")
	}
}

func TestReadiness(t *testing.T) {
	for name, wanted := range map[string][2]bool{"slow": {false, true}, "unready": {false, false}, "ready": {true, true}} {
		w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, name)
		p := w.adopt(pod)
		events := w.live(p, pod, 2*time.Second)
		early := conditionTrue(p.Status.Conditions, corev1.PodReady)
		events = append(events, w.live(p, pod, time.Minute)...)
		late := conditionTrue(p.Status.Conditions, corev1.PodReady)
		if early != wanted[0] || late != wanted[1] {
			t.Errorf("%s: ready %v then %v, want %v", name, early, late, wanted)
		}
		if slices.Contains(events, "Unhealthy") != (name != "ready") {
			t.Errorf("%s: events %v", name, events)
		}
	}
}

func TestTasksEnd(t *testing.T) {
	for image, wanted := range map[string]corev1.PodPhase{"ready": corev1.PodSucceeded, "crash": corev1.PodFailed} {
		w, pod := newWorld(), podOf(corev1.RestartPolicyNever, image)
		p := w.adopt(pod)
		w.live(p, pod, time.Minute)
		if p.Status.Phase != wanted {
			t.Errorf("%s: %s, want %s", image, p.Status.Phase, wanted)
		}
	}
}

func TestInitContainersRunFirst(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "ready")
	pod.Spec.InitContainers = []corev1.Container{{Name: "init", Image: "crash"}}
	p := w.adopt(pod)
	w.live(p, pod, 5*time.Second)
	if p.Status.Phase != corev1.PodPending || p.Status.ContainerStatuses[0].State.Running != nil {
		t.Fatalf("the app started before its init container succeeded: %+v", p.Status)
	}
	w.images["crash"] = images.Image{Behaviour: images.Ready}
	p.Retry()
	w.live(p, pod, 30*time.Second)
	if p.Status.Phase != corev1.PodRunning || !conditionTrue(p.Status.Conditions, corev1.PodReady) {
		t.Fatalf("not ready: %+v", p.Status)
	}
}

func TestMissingConfigurationAndPullSecretHoldAPodBack(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "private")
	p := w.adopt(pod)
	w.live(p, pod, time.Second)
	if got := p.Status.ContainerStatuses[0].State.Waiting.Reason; got != "ErrImagePull" {
		t.Fatalf("without a secret: %s", got)
	}
	pod.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
	w.missing = `configmap "settings" not found`
	w.live(p, pod, 20*time.Second)
	if got := p.Status.ContainerStatuses[0].State.Waiting; got.Reason != "CreateContainerConfigError" || got.Message != w.missing {
		t.Fatalf("without a ConfigMap: %+v", got)
	}
	w.missing = ""
	w.live(p, pod, 5*time.Second)
	if p.Status.ContainerStatuses[0].State.Running == nil {
		t.Fatalf("not running: %+v", p.Status.ContainerStatuses[0].State)
	}
}

func TestImageOfARegistryIsPulledBeforeThePodStarts(t *testing.T) {
	w, pod := newWorld(), podOf(corev1.RestartPolicyAlways, "mirrored")
	w.refuses = "rpc error: code = Unknown desc = connection refused"
	p := w.adopt(pod)
	w.live(p, pod, time.Second)
	waiting := p.Status.ContainerStatuses[0].State.Waiting
	if waiting == nil || waiting.Reason != "ErrImagePull" || waiting.Message != w.refuses {
		t.Fatalf("the registry's words don't reach the pod: %+v", waiting)
	}
	w.live(p, pod, 5*time.Second)
	waiting = p.Status.ContainerStatuses[0].State.Waiting
	if want := `Back-off pulling image "mirrored": ErrImagePull: ` + w.refuses; waiting == nil || waiting.Reason != "ImagePullBackOff" || waiting.Message != want {
		t.Fatalf("after a while: %+v", waiting)
	}
	w.refuses = ""
	events := w.live(p, pod, time.Minute)
	if !slices.Contains(events, "Pulled") || p.Status.Phase != corev1.PodRunning {
		t.Fatalf("the registry is back: %v, %s", events, p.Status.Phase)
	}
}
