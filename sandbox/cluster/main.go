// Command cluster is a Kubernetes cluster in one process, for trying deployments and rollbacks on a machine without
// containers: etcd, the API server, the controller manager and the scheduler are the real ones, used as libraries;
// the nodes are simulated, and the images a pod names decide what becomes of it (see package images).
//
// It serves 127.0.0.1 only. All its state lies in --data-dir; nothing is lost when the process is killed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"rollbackstack/sandbox/cluster/controlplane"
	"rollbackstack/sandbox/cluster/images"
	"rollbackstack/sandbox/cluster/kubelet"
)

// Exit codes, the same for every server of the sandbox.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitPortTaken = 3
)

// crdsFile is what the launcher puts beside the program it builds.
const crdsFile = "crds.yaml"

// stopWithin bounds a stop: the API server would wait up to a minute for requests that are still open, and a client
// that lost its server has no use for that. Nothing is lost by leaving early, see controlplane/etcd.go.
const stopWithin = 1000 * time.Millisecond

func main() {
	settings, verbosity, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fail(exitUsage, err)
	}
	logOnlyErrors(verbosity)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go stopOnSignal(cancel)

	err = run(ctx, settings)
	switch {
	case errors.Is(err, controlplane.ErrPortTaken):
		fail(exitPortTaken, err)
	case err != nil && ctx.Err() == nil:
		fail(exitFailed, err)
	}
}

func parse(args []string) (settings, int, error) {
	var s settings
	var verbosity int
	var mirror string
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.IntVar(&s.port, "port", 0, "port of the API server on 127.0.0.1 (required)")
	flags.StringVar(&s.dataDir, "data-dir", "", "folder of the cluster's state, made when missing (required)")
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "file to write when the cluster is ready (required)")
	flags.StringVar(&s.images, "images", "", "JSON catalogue of the images that exist; without it every image is taken as ready")
	flags.StringVar(&mirror, "mirror", "", "prefix=127.0.0.1:port/path: where images that begin with the prefix, and that the catalogue hasn't, are pulled from")
	flags.StringVar(&s.crds, "crds", beside(crdsFile), "YAML file of CustomResourceDefinitions to install; "+crdsFile+" beside the program where there is one")
	flags.IntVar(&s.nodes, "nodes", 3, "how many nodes to simulate")
	flags.DurationVar(&s.timing.Start, "pod-start-delay", 300*time.Millisecond, "how long a pod takes from a node's first look at it to its containers' start")
	flags.DurationVar(&s.timing.Backoff, "restart-backoff", kubelet.DefaultBackoff, "first wait before a failed container or image pull is tried again; doubles up to 30 times that")
	flags.IntVar(&verbosity, "v", -1, "verbosity of the components' logs; -1 shows errors only")
	if err := flags.Parse(args); err != nil {
		return s, 0, err
	}
	var err error
	if s.mirror, err = images.ParseMirror(mirror); err != nil {
		return s, 0, err
	}
	switch {
	case flags.NArg() > 0:
		return s, 0, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.port < 1 || s.port > 65535:
		return s, 0, errors.New("--port must be between 1 and 65535")
	case s.dataDir == "" || s.kubeconfig == "":
		return s, 0, errors.New("--data-dir and --kubeconfig are required")
	case s.nodes < 1 || s.nodes > 100:
		return s, 0, errors.New("--nodes must be between 1 and 100")
	}
	return s, verbosity, nil
}

// beside is the path of a file next to this program, or empty when it is not there.
func beside(name string) string {
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	path := filepath.Join(filepath.Dir(program), name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// stopOnSignal ends the work at the first signal, and the process at the second or when the stop takes too long.
func stopOnSignal(cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	cancel()
	select {
	case <-signals:
	case <-time.After(stopWithin):
	}
	os.Exit(0)
}

// logOnlyErrors keeps the components' logs to what somebody has to know.
func logOnlyErrors(verbosity int) {
	options := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(options)
	values := map[string]string{"logtostderr": "true", "v": strconv.Itoa(verbosity)}
	if verbosity < 0 {
		values = map[string]string{"logtostderr": "false", "stderrthreshold": "ERROR"}
		klog.SetOutput(io.Discard)
	}
	for name, value := range values {
		if err := options.Set(name, value); err != nil {
			fail(exitFailed, err)
		}
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
}

func fail(code int, err error) {
	fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
	os.Exit(code)
}
