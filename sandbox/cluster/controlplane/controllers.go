package controlplane

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	schedulerapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// controllers are all but those that have nothing to work with here. Each wakes up some times a second to measure its
// queues: they were a good part of what a cluster at rest used.
var controllers = []string{
	"*",
	// No cloud behind the cluster.
	"-node-ipam-controller", "-node-route-controller", "-service-lb-controller", "-cloud-node-lifecycle-controller",
	// No volumes are ever attached.
	"-persistentvolume-attach-detach-controller", "-persistentvolume-expander-controller",
	"-persistentvolume-binder-controller", "-persistentvolume-protection-controller",
	"-persistentvolumeclaim-protection-controller", "-ephemeral-volume-controller",
	"-volumeattributesclass-protection-controller", "-selinux-warning-controller",
	// No devices for pods to claim.
	"-resourceclaim-controller", "-device-taint-eviction-controller", "-resourcepoolstatusrequest-controller",
	// No authority to sign requests with.
	"-certificatesigningrequest-signing-controller", "-certificatesigningrequest-approving-controller",
	"-certificatesigningrequest-cleaner-controller", "-podcertificaterequest-cleaner-controller",
	"-kube-apiserver-serving-clustertrustbundle-publisher-controller",
	// No tokens, versions or networks from before this cluster.
	"-legacy-serviceaccount-token-cleaner-controller", "-storageversion-garbage-collector-controller",
	"-storage-version-migrator-controller", "-service-cidr-controller",
}

// StartControllers starts the controller manager; it ends with ctx.
func (p *ControlPlane) StartControllers(ctx context.Context) error {
	o, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	all, off, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	if err := set("kube-controller-manager", o.Flags(all, off, aliases), []string{
		"--kubeconfig=" + p.kubeconfig,
		"--controllers=" + strings.Join(controllers, ","),
		"--service-account-private-key-file=" + p.login.accountKey,
		"--root-ca-file=" + p.login.certificate,
		"--leader-elect=false",
		"--secure-port=0",
		"--controller-start-interval=0",
		// There are no metrics to learn a load from, so all the autoscaler does is keep replicas within its bounds;
		// 15 seconds, the default, is a long wait for that on a small machine.
		"--horizontal-pod-autoscaler-sync-period=2s",
		fmt.Sprintf("--kube-api-qps=%d", clientQPS), fmt.Sprintf("--kube-api-burst=%d", 2*clientQPS),
	}); err != nil {
		return err
	}
	config, err := o.Config(ctx, all, off, aliases)
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	go p.watch(ctx, "kube-controller-manager", func() error { return app.Run(ctx, config.Complete()) })
	return nil
}

// StartScheduler starts the scheduler; it ends with ctx.
func (p *ControlPlane) StartScheduler(ctx context.Context) error {
	o := scheduleroptions.NewOptions()
	if err := set("kube-scheduler", *o.Flags, []string{
		"--kubeconfig=" + p.kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		fmt.Sprintf("--kube-api-qps=%d", clientQPS), fmt.Sprintf("--kube-api-burst=%d", 2*clientQPS),
	}); err != nil {
		return err
	}
	config, scheduler, err := schedulerapp.Setup(ctx, o)
	if err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	go p.watch(ctx, "kube-scheduler", func() error { return schedulerapp.Run(ctx, config, scheduler) })
	return nil
}
