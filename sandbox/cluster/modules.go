//go:build modules

package main

// istio.io/api brings the CustomResourceDefinitions of Istio as a file beside its Go packages. Nothing of it is compiled
// into the program; this import, which no build selects, keeps the module and its checksum in go.mod.
import _ "istio.io/api/networking/v1"
