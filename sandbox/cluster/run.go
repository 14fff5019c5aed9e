package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"k8s.io/client-go/kubernetes"

	"rollbackstack/sandbox/cluster/controlplane"
	"rollbackstack/sandbox/cluster/images"
	"rollbackstack/sandbox/cluster/kubelet"
	"rollbackstack/sandbox/cluster/nodes"
	"rollbackstack/sandbox/cluster/processors"
)

type settings struct {
	port       int
	dataDir    string
	kubeconfig string
	images     string
	mirror     *images.Mirror
	crds       string
	nodes      int
	timing     kubelet.Timing
}

// run starts the cluster, tells that it is ready by writing the kubeconfig, and serves until ctx ends.
func run(ctx context.Context, s settings) error {
	began := time.Now()
	say := func(format string, values ...any) {
		fmt.Fprintf(os.Stderr, "cluster %5.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, values...))
	}
	catalogue, err := images.Open(s.images)
	if err != nil {
		return err
	}
	plane, err := controlplane.Start(ctx, s.port, s.dataDir)
	if err != nil {
		return err
	}
	defer plane.Stop()
	// Who waits for the cluster waits for this file, so the one of the last run must not be taken for an answer.
	if err := os.Remove(s.kubeconfig); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("cannot replace %s: %w", s.kubeconfig, err)
	}
	say("API server on %s", plane.Server())

	ready := make(chan error, 1)
	go func() { ready <- populate(ctx, s, plane, catalogue, say) }()
	for {
		select {
		case <-ctx.Done():
			say("stopping")
			return nil
		case err := <-plane.Failed():
			return err
		case err := <-ready:
			if err != nil {
				return err
			}
			if err := plane.WriteKubeconfig(s.kubeconfig); err != nil {
				return fmt.Errorf("cannot write %s: %w", s.kubeconfig, err)
			}
			// Starting needs twice the memory that running does.
			debug.FreeOSMemory()
			say("ready, %d nodes, kubeconfig %s", s.nodes, filepath.Base(s.kubeconfig))
			go processors.Follow(ctx)
		}
	}
}

// populate brings up what runs on top of the API server. The nodes come first: a node that has not renewed its lease
// since the last run must do so before the controllers look at it, or they would take its pods for lost.
func populate(ctx context.Context, s settings, plane *controlplane.ControlPlane, catalogue *images.File, say func(string, ...any)) error {
	client, err := kubernetes.NewForConfig(plane.Config())
	if err != nil {
		return err
	}
	simulated := nodes.New(client, s.nodes, s.timing, catalogue, s.mirror)
	if err := simulated.Register(ctx); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if err := plane.StartControllers(ctx); err != nil {
		return err
	}
	if err := plane.StartScheduler(ctx); err != nil {
		return err
	}
	say("controllers and scheduler are starting")
	if s.crds != "" {
		if err := plane.InstallCRDs(ctx, s.crds, say); err != nil {
			return err
		}
	}
	if err := simulated.Run(ctx); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	say("waiting for the nodes and the default service account")
	return simulated.WaitReady(ctx)
}
