package controlplane

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
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

	establishTimeout = 30 * time.Second
	establishEvery   = 50 * time.Millisecond
	crdsAtOnce       = 4
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// InstallCRDs applies every CustomResourceDefinition of a YAML file and waits until the API serves them.
func (p *ControlPlane) InstallCRDs(ctx context.Context, file string) error {
	documents, err := readDocuments(file)
	if err != nil {
		return fmt.Errorf("cannot read the custom resource definitions: %w", err)
	}
	client, err := dynamic.NewForConfig(p.Config())
	if err != nil {
		return err
	}
	crds := client.Resource(definitions)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(crdsAtOnce)
	for _, document := range documents {
		group.Go(func() error { return install(ctx, crds, document) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("cannot install the custom resource definitions of %s: %w", file, err)
	}
	return nil
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

func install(ctx context.Context, crds dynamic.ResourceInterface, document []byte) error {
	var object unstructured.Unstructured
	if err := yaml.Unmarshal(document, &object.Object); err != nil {
		return err
	}
	if object.GetKind() != "CustomResourceDefinition" {
		return nil
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(document))
	existing, err := crds.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err == nil && existing.GetAnnotations()[sourceHash] == hash && established(existing) {
		return nil
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[sourceHash] = hash
	object.SetAnnotations(annotations)
	if _, err := crds.Apply(ctx, object.GetName(), &object, metav1.ApplyOptions{FieldManager: fieldManager, Force: true}); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, establishEvery, establishTimeout, true, func(ctx context.Context) (bool, error) {
		now, err := crds.Get(ctx, object.GetName(), metav1.GetOptions{})
		return err == nil && established(now), nil
	})
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
