// Package kubernetes has the type of an object's fields where no schema says more.
package kubernetes

import "reflect"

// UntypedArgs are an object's fields by name.
type UntypedArgs map[string]any

// ElementType makes it an input of a resource.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
