// Command registry is an OCI registry on loopback, for a machine without one: go-containerregistry's own, which keeps
// blobs on disk, with what that lacks to stand in for a hosted one: manifests outlast a restart, pushing needs a login,
// and who logs in has to be known.
package main

import (
	"crypto/subtle"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Exit codes, the same for every server of the sandbox.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitPortTaken = 3
)

func main() {
	address := flag.String("address", "", "host:port to listen on, on loopback")
	folder := flag.String("folder", "", "folder of the registry's state, made when missing")
	login := flag.String("login", "", "user:password of who may push")
	private := flag.String("private", "", "repositories, separated by commas, that can't be pulled without a login")
	flag.Parse()
	if *address == "" || *folder == "" || *login == "" {
		fail(exitUsage, fmt.Errorf("--address, --folder and --login are required"))
	}
	if host, _, err := net.SplitHostPort(*address); err != nil || !net.ParseIP(host).IsLoopback() {
		fail(exitUsage, fmt.Errorf("%s is not on loopback", *address))
	}
	blobs := filepath.Join(*folder, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		fail(exitFailed, err)
	}
	served := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(log.New(io.Discard, "", 0)))
	kept := &manifests{folder: filepath.Join(*folder, "manifests"), next: served}
	if err := kept.restore(); err != nil {
		fail(exitFailed, err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fail(exitPortTaken, err)
	}
	fmt.Fprintf(os.Stderr, "registry on %s\n", *address)
	fail(exitFailed, http.Serve(listener, guarded{next: kept, login: *login, private: strings.Split(*private, ",")}))
}

// guarded lets nobody in with a wrong login, and only those with the right one push, or pull what is private.
type guarded struct {
	next    http.Handler
	login   string
	private []string
}

func (g guarded) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	user, password, given := request.BasicAuth()
	known := given && subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(g.login)) == 1
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	if known || (reads && !given && !g.isPrivate(request.URL.Path)) {
		g.next.ServeHTTP(answer, request)
		return
	}
	answer.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusUnauthorized)
	fmt.Fprintln(answer, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}

func (g guarded) isPrivate(path string) bool {
	// A client looks here first, and learns whether it has to log in for anything at all.
	if path == "/v2/" {
		return true
	}
	for _, repository := range g.private {
		if repository != "" && strings.HasPrefix(path, "/v2/"+repository+"/") {
			return true
		}
	}
	return false
}

func fail(code int, err error) {
	fmt.Fprintf(os.Stderr, "registry: %v\n", err)
	os.Exit(code)
}
