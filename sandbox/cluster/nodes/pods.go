package nodes

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"

	"rollbackstack/sandbox/cluster/kubelet"
)

const podWorkers = 8

// pods looks after the pods of all nodes. A pod is worked on by one worker at a time (the queue sees to that), so
// only the map of pods needs a lock.
type pods struct {
	nodes    *Nodes
	lister   corelisters.PodLister
	queue    workqueue.TypedRateLimitingInterface[string]
	recorder record.EventRecorder
	around   *surroundings

	mutex sync.Mutex
	known map[string]*tracked
}

type tracked struct {
	uid     types.UID
	address string
	pod     *kubelet.Pod
}

func (n *Nodes) runPods(ctx context.Context) error {
	// Pods that no node has been chosen for are none of a node's business.
	factory := informers.NewSharedInformerFactoryWithOptions(n.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = "spec.nodeName!="
	}))
	informer := factory.Core().V1().Pods()
	events := record.NewBroadcaster(record.WithContext(ctx))
	events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: n.client.CoreV1().Events("")})
	p := &pods{
		nodes:    n,
		lister:   informer.Lister(),
		queue:    workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
		recorder: events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"}),
		around:   &surroundings{client: n.client, images: n.images, mirror: n.mirror, pulled: &store{}, ctx: ctx},
		known:    map[string]*tracked{},
	}
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			p.queue.Add(key)
		}
	}
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, now any) { enqueue(now) }, DeleteFunc: enqueue,
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := p.keepAddresses(); err != nil {
		return err
	}
	for range podWorkers {
		go p.work(ctx)
	}
	go n.images.Follow(ctx, p.retryAll)
	go func() { <-ctx.Done(); p.queue.ShutDown() }()
	return nil
}

// keepAddresses reserves the addresses of pods from the last run before a new pod can be given one of them.
func (p *pods) keepAddresses() error {
	all, err := p.lister.List(labels.Everything())
	for _, pod := range all {
		if pod.Status.PodIP != "" && !pod.Spec.HostNetwork {
			p.nodes.address.take(pod.Status.PodIP)
		}
	}
	return err
}

func (p *pods) work(ctx context.Context) {
	for {
		key, stop := p.queue.Get()
		if stop {
			return
		}
		wait, err := p.handle(ctx, key)
		switch {
		case err != nil && ctx.Err() == nil:
			p.queue.AddRateLimited(key)
		case wait > 0:
			p.queue.Forget(key)
			p.queue.AddAfter(key, wait)
		default:
			p.queue.Forget(key)
		}
		p.queue.Done(key)
	}
}

// handle brings one pod up to date and returns how long it can be left alone; zero means until it changes.
func (p *pods) handle(ctx context.Context, key string) (time.Duration, error) {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return 0, nil
	}
	pod, err := p.lister.Pods(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		p.forget(key)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if pod.DeletionTimestamp != nil {
		return 0, p.finish(ctx, key, pod, ended)
	}
	if ended {
		p.forget(key)
		return 0, nil
	}
	own := p.track(key, pod)
	now := time.Now()
	events, next := own.Step(pod, now)
	p.record(pod, events)
	if err := p.store(ctx, pod, own.Status); err != nil {
		return 0, err
	}
	if next.IsZero() {
		return 0, nil
	}
	return max(next.Sub(now), time.Millisecond), nil
}

// finish lets a pod go that has been told to. One that somebody still holds by a finalizer shows first that it ended,
// because the Job controller counts on that.
func (p *pods) finish(ctx context.Context, key string, pod *corev1.Pod, ended bool) error {
	if len(pod.Finalizers) > 0 && !ended {
		own := p.track(key, pod)
		own.End(time.Now())
		if err := p.store(ctx, pod, own.Status); err != nil {
			return err
		}
	}
	if ptr.Deref(pod.DeletionGracePeriodSeconds, 0) > 0 {
		for _, container := range pod.Spec.Containers {
			p.record(pod, []kubelet.Event{{Type: corev1.EventTypeNormal, Reason: "Killing", Message: "Stopping container " + container.Name, Container: container.Name}})
		}
	} else if len(pod.Finalizers) > 0 {
		return nil
	}
	err := p.nodes.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: ptr.To[int64](0), Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// track returns what is remembered of a pod; one of the same name that is gone is forgotten.
func (p *pods) track(key string, pod *corev1.Pod) *kubelet.Pod {
	p.mutex.Lock()
	known := p.known[key]
	p.mutex.Unlock()
	if known != nil && known.uid == pod.UID {
		return known.pod
	}
	p.forget(key)
	known = &tracked{uid: pod.UID}
	ip := hostIP
	if !pod.Spec.HostNetwork {
		known.address = p.nodes.address.take(pod.Status.PodIP)
		ip = known.address
	}
	known.pod = kubelet.Adopt(pod, ip, hostIP, p.nodes.timing, p.around)
	p.mutex.Lock()
	p.known[key] = known
	p.mutex.Unlock()
	return known.pod
}

func (p *pods) forget(key string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if known := p.known[key]; known != nil {
		p.nodes.address.release(known.address)
		delete(p.known, key)
	}
}

// retryAll lets every pod that waits try again at once.
func (p *pods) retryAll() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for key, known := range p.known {
		known.pod.Retry()
		p.queue.Add(key)
	}
}

// store writes a pod's status unless it is there already. Others write it too (the scheduler, the node controller), so
// a conflict is answered with a fresh look.
func (p *pods) store(ctx context.Context, pod *corev1.Pod, own corev1.PodStatus) error {
	client := p.nodes.client.CoreV1().Pods(pod.Namespace)
	stored, uid := pod, pod.UID
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		wanted := stored.DeepCopy()
		kubelet.Merge(&wanted.Status, *own.DeepCopy())
		if equality.Semantic.DeepEqual(wanted.Status, stored.Status) {
			return nil
		}
		_, err := client.UpdateStatus(ctx, wanted, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return err
		}
		fresh, getErr := client.Get(ctx, pod.Name, metav1.GetOptions{})
		if getErr != nil {
			return getErr
		}
		if fresh.UID != uid {
			return nil
		}
		stored = fresh
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (p *pods) record(pod *corev1.Pod, events []kubelet.Event) {
	for _, event := range events {
		about := &corev1.ObjectReference{
			Kind: "Pod", APIVersion: "v1", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		}
		if event.Container != "" {
			list := "containers"
			if event.Init {
				list = "initContainers"
			}
			about.FieldPath = fmt.Sprintf("spec.%s{%s}", list, event.Container)
		}
		p.recorder.Event(about, event.Type, event.Reason, event.Message)
	}
}
