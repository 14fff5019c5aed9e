// Command pulumi-resource-kubernetes is Pulumi's own Kubernetes provider, built from its published module, as the
// sandbox's plugin. Two things are the sandbox's: the schema lies beside the program, where launcher.py puts it, and no
// cluster but one on this machine can be reached.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// Set by the build: the version of the Python SDK that the project pins, by which the engine looks for the plugin.
var version string

// elsewhere stands in for the way to every other machine. It can't be looked up, and says why in the error.
const elsewhere = "http://the-sandbox-serves-clusters-on-this-machine-only.invalid"

func main() {
	schema, err := beside("schema.json")
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: the Kubernetes provider lacks its schema (%v): run `make up` again\n", err)
		os.Exit(1)
	}
	stayHere()
	provider.Serve("kubernetes", version, schema, nil)
}

func beside(name string) ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(filepath.Dir(program), name))
}

// stayHere leads every connection to another machine to a proxy that doesn't exist; the provider's HTTP clients take
// theirs from the environment.
func stayHere() {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		os.Setenv(name, elsewhere)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		os.Setenv(name, "127.0.0.1,localhost,::1")
	}
}
