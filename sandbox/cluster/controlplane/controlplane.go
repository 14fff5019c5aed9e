// Package controlplane runs etcd and the Kubernetes API server, controller manager and scheduler inside this process.
//
// One process instead of five: three fifths of the memory, a tenth of the time to stop, and half the time to build,
// because the libraries they share are compiled, linked and loaded once. The components are used through their options (options, complete, run) and
// not through their commands, whose signal handlers can exist only once in a process.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"
)

// ErrPortTaken is returned by Start when another program listens on the port.
var ErrPortTaken = errors.New("is taken by another program")

const (
	clientQPS = 1000
	// A machine that does other things, too, takes minutes; whoever started this program says when it has waited enough.
	readyTimeout = 15 * time.Minute
	readyEvery   = 25 * time.Millisecond
)

// ControlPlane is a control plane that serves.
type ControlPlane struct {
	server     string
	dir        string
	kubeconfig string // the administrator's, for the components
	login      *credentials
	lock       *os.File
	etcd       *embed.Etcd
	stopAPI    context.CancelFunc
	apiDone    chan struct{}
	failed     chan error
}

// Start starts etcd and the API server and returns when the API server is ready. The state lies in dir.
//
// Errors are ErrPortTaken, or one line that says what is wrong with dir.
func Start(ctx context.Context, port int, dir string) (*ControlPlane, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d on 127.0.0.1 %w", port, ErrPortTaken)
	}
	if err != nil {
		return nil, err
	}
	p := &ControlPlane{
		server: fmt.Sprintf("https://127.0.0.1:%d", port), dir: dir, failed: make(chan error, 3), apiDone: make(chan struct{}),
	}
	if err := p.start(ctx, listener); err != nil {
		p.Stop()
		_ = listener.Close()
		return nil, err
	}
	return p, nil
}

func (p *ControlPlane) start(ctx context.Context, listener net.Listener) error {
	err := p.occupy()
	if err != nil {
		return err
	}
	if p.login, err = ensureCredentials(filepath.Join(p.dir, "credentials")); err != nil {
		return err
	}
	p.kubeconfig = filepath.Join(p.dir, "credentials", "kubeconfig")
	if err := p.WriteKubeconfig(p.kubeconfig); err != nil {
		return err
	}
	var endpoint string
	if p.etcd, endpoint, err = startEtcd(filepath.Join(p.dir, "etcd")); err != nil {
		return err
	}
	return p.startAPIServer(ctx, listener, endpoint)
}

// occupy takes the folder for this process. The system frees it when the process ends, however it ends; etcd itself
// would wait silently for ever.
func (p *ControlPlane) occupy() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the data folder: %w", err)
	}
	path := filepath.Join(p.dir, "lock")
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("cannot use the data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(path)
		_ = lock.Close()
		return fmt.Errorf("the data folder %s is in use by another cluster (process %s): stop that one, or give another --data-dir", p.dir, strings.TrimSpace(string(owner)))
	}
	p.lock = lock
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintln(lock, os.Getpid())
	return err
}

// Server is the URL of the API server.
func (p *ControlPlane) Server() string { return p.server }

// Config is the administrator's access.
func (p *ControlPlane) Config() *rest.Config { return p.login.restConfig(p.server) }

// Failed delivers the error of a component that ended by itself.
func (p *ControlPlane) Failed() <-chan error { return p.failed }

// WriteKubeconfig writes the administrator's kubeconfig in one step.
func (p *ControlPlane) WriteKubeconfig(path string) error {
	data, err := p.login.kubeconfig(p.server)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeFile(path, data)
}

// Stop ends the API server and then its store; the other components end with the context they were started with.
func (p *ControlPlane) Stop() {
	if p.stopAPI != nil {
		p.stopAPI()
		<-p.apiDone
	}
	if p.etcd != nil {
		p.etcd.Close()
	}
	if p.lock != nil {
		_ = p.lock.Close()
	}
}

func (p *ControlPlane) watch(ctx context.Context, component string, run func() error) {
	err := run()
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = errors.New("ended unexpectedly")
	}
	p.failed <- fmt.Errorf("%s: %w", component, err)
}

// set gives a component its options the way its command line would.
func set(component string, groups cliflag.NamedFlagSets, args []string) error {
	flags := pflag.NewFlagSet(component, pflag.ContinueOnError)
	for _, group := range groups.FlagSets {
		flags.AddFlagSet(group)
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%s: %w", component, err)
	}
	return nil
}
