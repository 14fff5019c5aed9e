// Package v2 registers the objects of a YAML document or a chart.
//
// This module takes the place of Pulumi's Go SDK, of which the provider uses these few names. The SDK gives each kind that
// Kubernetes has a Go type of its own, for which sixty packages are compiled: two thirds of the build. The provider uses
// what it gets as a resource, whatever its type.
package v2

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// IsListKind tells whether an object is a list of others, as far as Kubernetes' own groups go.
func IsListKind(apiVersion, kind string) bool {
	group, _, found := strings.Cut(apiVersion, "/")
	own := !found || !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	return own && strings.HasSuffix(kind, "List")
}

// RegisterResource registers an object of any kind under the token that the SDKs give it.
func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input,
	opts ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	var object pulumi.CustomResourceState
	err := ctx.RegisterResource(fmt.Sprintf("kubernetes:%s:%s", apiVersion, kind), name, props, &object, opts...)
	if err != nil {
		return nil, err
	}
	return &object, nil
}
