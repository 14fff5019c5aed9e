package controlplane

import (
	"context"
	"fmt"
	"net"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// startAPIServer starts the API server and waits until it is ready.
func (p *ControlPlane) startAPIServer(ctx context.Context, listener net.Listener, etcd string) error {
	o := options.NewServerRunOptions()
	if err := set("kube-apiserver", o.Flags(), []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", listener.Addr().(*net.TCPAddr).Port),
		"--advertise-address=127.0.0.1",
		"--tls-cert-file=" + p.login.certificate,
		"--tls-private-key-file=" + p.login.key,
		"--token-auth-file=" + p.login.tokens,
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.login.accountKey,
		"--service-account-signing-key-file=" + p.login.accountKey,
		"--allow-privileged=true",
		// The address it would publish for itself is the loopback one, which is not a valid endpoint.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
		// A cache for each of 90 kinds wakes up every second; without, the store that lies in this process answers.
		"--watch-cache=false",
	}); err != nil {
		return err
	}
	// All components of the process share one registry of versions and feature gates; it takes effect once.
	if err := o.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	o.SecureServing.Listener = listener
	completed, err := o.Complete(ctx)
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return fmt.Errorf("kube-apiserver: %w", utilerrors.NewAggregate(errs))
	}
	// A context of its own: the API server has to outlive those that still talk to it when they are told to stop.
	serving, stop := context.WithCancel(context.Background())
	p.stopAPI = stop
	go func() {
		defer close(p.apiDone)
		p.watch(serving, "kube-apiserver", func() error { return app.Run(serving, completed) })
	}()
	return p.waitReady(ctx)
}

func (p *ControlPlane) waitReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(p.Config())
	if err != nil {
		return err
	}
	ready := func(ctx context.Context) (bool, error) {
		select {
		case err := <-p.failed:
			return false, err
		default:
		}
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, readyEvery, readyTimeout, true, ready); err != nil {
		return fmt.Errorf("the API server did not become ready: %w", err)
	}
	return nil
}
