package nodes

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"rollbackstack/sandbox/cluster/images"
)

// surroundings looks up what a pod refers to. It asks the API server when a container starts and keeps nothing: a start
// is rare, and a ConfigMap made a moment ago has to be seen.
type surroundings struct {
	client kubernetes.Interface
	images *images.File
	mirror *images.Mirror
	pulled *store
	ctx    context.Context
}

// Authorised is asked of the catalogue's private images: which registry a secret opens is not looked at, only that the pod names one that exists and is a
// registry's.
func (s *surroundings) Authorised(pod *corev1.Pod) bool {
	for _, reference := range pod.Spec.ImagePullSecrets {
		secret, err := s.client.CoreV1().Secrets(pod.Namespace).Get(s.ctx, reference.Name, metav1.GetOptions{})
		if err == nil && (secret.Type == corev1.SecretTypeDockerConfigJson || secret.Type == corev1.SecretTypeDockercfg) {
			return true
		}
	}
	return false
}

func (s *surroundings) VolumeProblem(pod *corev1.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		var missing string
		switch {
		case volume.ConfigMap != nil && !ptr.Deref(volume.ConfigMap.Optional, false):
			missing = s.configMap(pod.Namespace, volume.ConfigMap.Name, "")
		case volume.Secret != nil && !ptr.Deref(volume.Secret.Optional, false):
			missing = s.secret(pod.Namespace, volume.Secret.SecretName, "")
		}
		if missing != "" {
			return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", volume.Name, missing)
		}
	}
	return ""
}

func (s *surroundings) ContainerProblem(pod *corev1.Pod, container *corev1.Container) string {
	for _, from := range container.EnvFrom {
		var missing string
		switch {
		case from.ConfigMapRef != nil && !ptr.Deref(from.ConfigMapRef.Optional, false):
			missing = s.configMap(pod.Namespace, from.ConfigMapRef.Name, "")
		case from.SecretRef != nil && !ptr.Deref(from.SecretRef.Optional, false):
			missing = s.secret(pod.Namespace, from.SecretRef.Name, "")
		}
		if missing != "" {
			return missing
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			continue
		}
		var missing string
		from := variable.ValueFrom
		switch {
		case from.ConfigMapKeyRef != nil && !ptr.Deref(from.ConfigMapKeyRef.Optional, false):
			missing = s.configMap(pod.Namespace, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
		case from.SecretKeyRef != nil && !ptr.Deref(from.SecretKeyRef.Optional, false):
			missing = s.secret(pod.Namespace, from.SecretKeyRef.Name, from.SecretKeyRef.Key)
		}
		if missing != "" {
			return missing
		}
	}
	return ""
}

func (s *surroundings) configMap(namespace, name, key string) string {
	object, err := s.client.CoreV1().ConfigMaps(namespace).Get(s.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("configmap %q not found", name)
	}
	if err != nil || key == "" {
		return ""
	}
	_, text := object.Data[key]
	_, binary := object.BinaryData[key]
	if text || binary {
		return ""
	}
	return fmt.Sprintf("couldn't find key %s in ConfigMap %s/%s", key, namespace, name)
}

func (s *surroundings) secret(namespace, name, key string) string {
	object, err := s.client.CoreV1().Secrets(namespace).Get(s.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("secret %q not found", name)
	}
	if err != nil || key == "" {
		return ""
	}
	if _, ok := object.Data[key]; ok {
		return ""
	}
	return fmt.Sprintf("couldn't find key %s in Secret %s/%s", key, namespace, name)
}
