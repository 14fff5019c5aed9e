package controlplane

import (
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

const (
	etcdTimeout = readyTimeout

	// tickMilliseconds is how often the store looks at its own clock: ten times less than etcd does by itself. It elects
	// itself within two ticks of its start, whatever an election may take.
	tickMilliseconds = 1000
	electionTicks    = 5
)

// startEtcd starts the store on ports of its own choice, reachable from this machine only.
//
// It runs without fsync: every write goes to the write-ahead log in the file system before it is acknowledged, so a
// process that is killed at any moment loses nothing; only a machine that loses power may lose its last writes, or
// leave a store that has to be thrown away. For a cluster that can be set up again in seconds that is a good price for
// not waiting for the disk hundreds of times in each rollout.
func startEtcd(dir string) (*embed.Etcd, string, error) {
	config := embed.NewConfig()
	config.Name = "sandbox"
	config.Dir = dir
	config.LogLevel = "fatal"
	config.UnsafeNoFsync = true
	config.EnableGRPCGateway = false
	// A store with one member has nobody to hear from, and what it answers is in its log before it is in its file.
	config.TickMs, config.ElectionMs = tickMilliseconds, electionTicks*tickMilliseconds
	config.BackendBatchInterval = time.Second
	// Old revisions are compacted by the API server; the store must not fill its disk when a cluster lives for months.
	config.QuotaBackendBytes = 1 << 30
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, "", fmt.Errorf("cannot open the store in %s, delete the data folder to start afresh: %w", dir, err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, "http://" + etcd.Clients[0].Addr().String(), nil
	case err = <-etcd.Err():
	case <-time.After(etcdTimeout):
		err = fmt.Errorf("it did not become ready within %s", etcdTimeout)
	}
	etcd.Close()
	return nil, "", fmt.Errorf("the store in %s does not start: %w", dir, err)
}
