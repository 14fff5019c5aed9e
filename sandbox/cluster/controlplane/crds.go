package controlplane

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

const (
	fieldManager = "rollback-sandbox"
	// sourceHash remembers which text a definition was made from: applying an unchanged one costs as much as making it.
	sourceHash = "sandbox.rollback-stack/source-sha256"
	// touched makes an apply of an unchanged definition a change. The API server looks at a definition whose names it
	// has accepted only when it changes: one that was left there by a start that was cut off would never be served.
	touched = "sandbox.rollback-stack/touched"

	// establishTimeout is how long no definition at all may get on; a busy machine takes minutes for all of them.
	establishTimeout = 2 * time.Minute
	establishEvery   = 50 * time.Millisecond
	touchEvery       = 5 * time.Second
	crdsAtOnce       = 4
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// InstallCRDs applies every CustomResourceDefinition of a YAML file and waits until the API serves them, for as long as
// it gets on; tell hears how far it is.
func (p *ControlPlane) InstallCRDs(ctx context.Context, file string, tell func(format string, values ...any)) error {
	documents, err := readDocuments(file)
	if err != nil {
		return fmt.Errorf("cannot read the custom resource definitions: %w", err)
	}
	client, err := dynamic.NewForConfig(p.Config())
	if err != nil {
		return err
	}
	moving := &progress{total: len(documents), tell: tell}
	moving.reset()
	crds := client.Resource(definitions)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(crdsAtOnce)
	for _, document := range documents {
		group.Go(func() error {
			changed, err := install(ctx, crds, document, moving)
			if err == nil {
				moving.step(changed)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("cannot install the custom resource definitions of %s: %w", file, err)
	}
	return nil
}

// progress knows when the last definition was done.
type progress struct {
	sync.Mutex
	total, done int
	last        time.Time
	tell        func(format string, values ...any)
}

func (p *progress) reset() {
	p.Lock()
	defer p.Unlock()
	p.last = time.Now()
}

func (p *progress) step(changed bool) {
	p.Lock()
	defer p.Unlock()
	p.done++
	p.last = time.Now()
	if changed {
		p.tell("%d of %d custom resource definitions are served", p.done, p.total)
	}
}

func (p *progress) stuck() bool {
	p.Lock()
	defer p.Unlock()
	return time.Since(p.last) > establishTimeout
}

func readDocuments(file string) ([][]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var documents [][]byte
	reader := yaml.NewYAMLReader(bufio.NewReader(f))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
}

// install applies one definition, unless it is served already, and waits until it is; whether there was anything to do.
func install(ctx context.Context, crds dynamic.ResourceInterface, document []byte, moving *progress) (bool, error) {
	var object unstructured.Unstructured
	if err := yaml.Unmarshal(document, &object.Object); err != nil {
		return false, err
	}
	if object.GetKind() != "CustomResourceDefinition" {
		return false, nil
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(document))
	existing, err := crds.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err == nil && existing.GetAnnotations()[sourceHash] == hash && established(existing) {
		return false, nil
	}
	for !moving.stuck() {
		if err := apply(ctx, crds, &object, hash); err != nil && !late(err) {
			return true, err
		}
		err := wait.PollUntilContextTimeout(ctx, establishEvery, touchEvery, true, func(ctx context.Context) (bool, error) {
			now, err := crds.Get(ctx, object.GetName(), metav1.GetOptions{})
			return err == nil && established(now), nil
		})
		if err == nil || ctx.Err() != nil {
			return true, err
		}
	}
	return true, fmt.Errorf("%s is not served, and no other got on for %s", object.GetName(), establishTimeout)
}

// late tells an API server that is too busy from one that refuses.
func late(err error) bool {
	return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsConflict(err) || errors.Is(err, context.DeadlineExceeded)
}

func apply(ctx context.Context, crds dynamic.ResourceInterface, object *unstructured.Unstructured, hash string) error {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[sourceHash] = hash
	annotations[touched] = time.Now().UTC().Format(time.RFC3339Nano)
	object.SetAnnotations(annotations)
	_, err := crds.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	return err
}

func established(crd *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, ok := condition.(map[string]any)
		if ok && fields["type"] == "Established" && fields["status"] == "True" {
			return true
		}
	}
	return false
}
