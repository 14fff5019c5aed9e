"""The local cluster's ingress gateway, and the programs of its pods.

The nodes of the local cluster run no containers. This server runs what an image of the shelf (``apps``)
holds, and routes requests from outside to it as an Istio ingress gateway would: Host header -> VirtualService ->
weights -> subset of a DestinationRule -> Service -> a ready pod.

What differs from a real cluster:

- A pod's program is one process for all pods of the same owner (a ReplicaSet) with the same image, command and
  environment, not one a pod. Requests are still spread over pods, and counted by pod.
- Whether a pod is ready is the cluster's word, not a probe's; a pod takes requests once its program listens, too.
  Its program is started as soon as the pod has a node. A program that ends by itself is started again.
- Volumes, limits and probes do nothing; a program that nobody needs any more is ended after its open requests.
- Plain HTTP on 127.0.0.1: a real gateway would end TLS. Ready pods take turns (Istio's default is "least request").
- What a VirtualService asks for and this gateway can't do is answered with 501 and named, never ignored.

Sources: Istio documentation, "Virtual Service", "Destination Rule", "Gateway", "Ingress Gateways", "Istio Standard
Metrics"; Envoy documentation, "Access logging" (response flags), "HTTP header manipulation".
"""
