// Package nodes simulates the nodes of a cluster: they register, renew their leases, and walk the pods that are bound
// to them through their lives (package kubelet). No container ever runs.
package nodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"rollbackstack/sandbox/cluster/images"
	"rollbackstack/sandbox/cluster/kubelet"
)

const (
	// A kubelet's own values: leaseDurationSeconds 40, renewed at a quarter of it (Kubernetes documentation, "Leases").
	leaseSeconds = 40
	renewEvery   = leaseSeconds * time.Second / 4

	hostIP       = "127.0.0.1"
	readyTimeout = 15 * time.Minute
)

// Nodes are all nodes of the cluster.
type Nodes struct {
	client  kubernetes.Interface
	count   int
	timing  kubelet.Timing
	images  *images.File
	mirror  *images.Mirror
	address addresses
}

// New prepares a number of nodes that take images from a catalogue, and others from a mirror where there is one.
func New(client kubernetes.Interface, count int, timing kubelet.Timing, catalogue *images.File, mirror *images.Mirror) *Nodes {
	return &Nodes{client: client, count: count, timing: timing, images: catalogue, mirror: mirror}
}

// Register makes the nodes that are missing, reports all as ready, and keeps renewing their leases until ctx ends.
func (n *Nodes) Register(ctx context.Context) error {
	if err := n.ensureNamespace(ctx, corev1.NamespaceNodeLease); err != nil {
		return err
	}
	leases := make([]*coordinationv1.Lease, n.count)
	for i := range n.count {
		err := n.register(ctx, i)
		if err != nil {
			return err
		}
		if leases[i], err = n.renew(ctx, name(i), nil); err != nil {
			return err
		}
	}
	go wait.UntilWithContext(ctx, func(ctx context.Context) {
		for i := range n.count {
			// A failed renewal is no news: the next one comes long before the lease is over, and looks at it afresh.
			leases[i], _ = n.renew(ctx, name(i), leases[i])
		}
	}, renewEvery)
	return nil
}

// Run looks after pods and services until ctx ends; it returns as soon as it knows all that exist.
func (n *Nodes) Run(ctx context.Context) error {
	return errors.Join(n.runPods(ctx), n.runServices(ctx))
}

// WaitReady returns when a pod would be accepted and scheduled: no node carries the taint it is born with, and the
// default service account exists.
func (n *Nodes) WaitReady(ctx context.Context) error {
	ready := func(ctx context.Context) (bool, error) {
		list, err := n.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) < n.count {
			return false, nil
		}
		for i := range n.count {
			for _, node := range list.Items {
				if node.Name == name(i) && len(node.Spec.Taints) > 0 && !node.Spec.Unschedulable {
					return false, nil
				}
			}
		}
		_, err = n.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, readyTimeout, true, ready); err != nil {
		return fmt.Errorf("nodes did not become ready within %s: %w", readyTimeout, err)
	}
	return nil
}

func name(i int) string { return fmt.Sprintf("node-%d", i+1) }

// ensureNamespace makes a namespace that the API server itself makes a little later than it is needed.
func (n *Nodes) ensureNamespace(ctx context.Context, namespace string) error {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	_, err := n.client.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (n *Nodes) register(ctx context.Context, i int) error {
	nodes := n.client.CoreV1().Nodes()
	node, err := nodes.Get(ctx, name(i), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		node, err = nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name(i), Labels: nodeLabels(i)}}, metav1.CreateOptions{})
	}
	if err != nil {
		return err
	}
	report(node)
	_, err = nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

func nodeLabels(i int) map[string]string {
	return map[string]string{
		corev1.LabelHostname:       name(i),
		corev1.LabelOSStable:       "linux",
		corev1.LabelArchStable:     "amd64",
		corev1.LabelTopologyRegion: "local",
		corev1.LabelTopologyZone:   fmt.Sprintf("local-%c", 'a'+i%3),
	}
}

// report fills in what a healthy node says about itself; a condition that holds keeps the time since when it does.
func report(node *corev1.Node) {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("16"),
		corev1.ResourceMemory:           resource.MustParse("64Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("500Gi"),
		corev1.ResourcePods:             resource.MustParse("250"),
	}
	node.Status.Capacity, node.Status.Allocatable = capacity, capacity
	node.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: hostIP}, {Type: corev1.NodeHostName, Address: node.Name},
	}
	node.Status.NodeInfo = corev1.NodeSystemInfo{
		OperatingSystem: "linux", Architecture: "amd64", OSImage: "simulated", KernelVersion: "simulated",
		KubeletVersion: kubeletVersion(), ContainerRuntimeVersion: "simulated://1",
	}
	now := metav1.Now()
	before := node.Status.Conditions
	node.Status.Conditions = nil
	for _, c := range []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "the simulated node is ready"},
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID"},
	} {
		c.LastHeartbeatTime, c.LastTransitionTime = now, now
		for _, old := range before {
			if old.Type == c.Type && old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
		}
		node.Status.Conditions = append(node.Status.Conditions, c)
	}
}

// renew renews the lease of a node and returns it as it is then; known is what the last renewal returned, nil where there
// was none or where it failed. As a kubelet does, it asks for the lease only then.
func (n *Nodes) renew(ctx context.Context, node string, known *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	leases := n.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now := metav1.NowMicro()
	if known == nil {
		var err error
		known, err = leases.Get(ctx, node, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return leases.Create(ctx, &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: node},
				Spec: coordinationv1.LeaseSpec{
					HolderIdentity: ptr.To(node), LeaseDurationSeconds: ptr.To[int32](leaseSeconds), RenewTime: &now,
				},
			}, metav1.CreateOptions{})
		}
		if err != nil {
			return nil, err
		}
	}
	known = known.DeepCopy()
	known.Spec.RenewTime = &now
	renewed, err := leases.Update(ctx, known, metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	return renewed, nil
}
