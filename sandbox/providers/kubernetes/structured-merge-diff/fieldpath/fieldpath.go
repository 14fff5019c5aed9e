// Package fieldpath gives the provider, which is written for version 4 of this library, the types of version 6, which
// the Kubernetes libraries of the cluster are built with. They are the same for what the provider uses of them.
package fieldpath

import "sigs.k8s.io/structured-merge-diff/v6/fieldpath"

// Set, Path and MakePath are those of version 6.
type (
	Set  = fieldpath.Set
	Path = fieldpath.Path
)

// MakePath makes a path of field names, indices, keys and values.
func MakePath(parts ...any) (Path, error) { return fieldpath.MakePath(parts...) }
