package nodes

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
)

// balancers gives services of type LoadBalancer an address, as a cloud would. The addresses are from the block that is
// reserved for documentation (RFC 5737): nothing answers there.
type balancers struct {
	nodes  *Nodes
	lister corelisters.ServiceLister
	queue  workqueue.TypedRateLimitingInterface[string]

	mutex sync.Mutex
	given map[string]string // address -> key of its service
}

func (n *Nodes) runServices(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(n.client, 0)
	informer := factory.Core().V1().Services()
	b := &balancers{
		nodes:  n,
		lister: informer.Lister(),
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
		given:  map[string]string{},
	}
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			b.queue.Add(key)
		}
	}
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, now any) { enqueue(now) }, DeleteFunc: enqueue,
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	all, err := b.lister.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, service := range all {
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			b.given[ingress.IP] = service.Namespace + "/" + service.Name
		}
	}
	go b.work(ctx)
	go func() { <-ctx.Done(); b.queue.ShutDown() }()
	return nil
}

func (b *balancers) work(ctx context.Context) {
	for {
		key, stop := b.queue.Get()
		if stop {
			return
		}
		if err := b.handle(ctx, key); err != nil && ctx.Err() == nil {
			b.queue.AddRateLimited(key)
		} else {
			b.queue.Forget(key)
		}
		b.queue.Done(key)
	}
}

func (b *balancers) handle(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return nil
	}
	service, err := b.lister.Services(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		b.release(key)
		return nil
	}
	if err != nil {
		return err
	}
	wants := service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.DeletionTimestamp == nil
	if wants == (len(service.Status.LoadBalancer.Ingress) > 0) {
		return nil
	}
	service = service.DeepCopy()
	service.Status.LoadBalancer.Ingress = nil
	if wants {
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: b.take(key), IPMode: ptr.To(corev1.LoadBalancerIPModeVIP)}}
	} else {
		b.release(key)
	}
	_, err = b.nodes.client.CoreV1().Services(namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (b *balancers) take(key string) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for i := 1; i < 255; i++ {
		address := fmt.Sprintf("192.0.2.%d", i)
		if owner, taken := b.given[address]; !taken || owner == key {
			b.given[address] = key
			return address
		}
	}
	// More balancers than addresses: they have to share, which does no harm where nothing answers.
	return "192.0.2.254"
}

func (b *balancers) release(key string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for address, owner := range b.given {
		if owner == key {
			delete(b.given, address)
		}
	}
}
