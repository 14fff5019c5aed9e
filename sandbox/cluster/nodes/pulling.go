package nodes

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rollbackstack/sandbox/cluster/images"
)

// store holds what each node has pulled. It is lost with the process, as if the nodes' disks were new.
type store struct {
	mutex sync.Mutex
	held  map[[2]string]images.Image
}

func (s *store) find(node, reference string) (images.Image, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	image, found := s.held[[2]string{node, reference}]
	return image, found
}

func (s *store) add(node, reference string, image images.Image) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.held == nil {
		s.held = map[[2]string]images.Image{}
	}
	s.held[[2]string{node, reference}] = image
}

// Image is what the pod's node has: an image of the catalogue, or one that was pulled.
func (s *surroundings) Image(pod *corev1.Pod, reference string) (images.Image, bool) {
	if image, found := s.images.Find(reference); found {
		return image, true
	}
	return s.pulled.find(pod.Spec.NodeName, reference)
}

// Pull brings an image to the pod's node; the text says why that fails, empty where nobody has to be asked.
func (s *surroundings) Pull(pod *corev1.Pod, reference string) string {
	if !s.mirror.Serves(reference) {
		return ""
	}
	image, err := s.mirror.Pull(s.ctx, reference, s.logins(pod))
	if err != nil {
		return err.Error()
	}
	s.pulled.add(pod.Spec.NodeName, reference, image)
	return ""
}

// logins are what the pod's pull secrets have for the mirrored registry.
func (s *surroundings) logins(pod *corev1.Pod) []images.Login {
	var found []images.Login
	for _, reference := range pod.Spec.ImagePullSecrets {
		secret, err := s.client.CoreV1().Secrets(pod.Namespace).Get(s.ctx, reference.Name, metav1.GetOptions{})
		if err != nil || secret.Type != corev1.SecretTypeDockerConfigJson {
			continue
		}
		var document struct {
			Auths map[string]struct{ Username, Password, Auth string }
		}
		if json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &document) != nil {
			continue
		}
		for registry, login := range document.Auths {
			if host, _, _ := strings.Cut(strings.TrimPrefix(registry, "https://"), "/"); host != s.mirror.Host() {
				continue
			}
			user, password := login.Username, login.Password
			if text, err := base64.StdEncoding.DecodeString(login.Auth); err == nil && password == "" {
				user, password, _ = strings.Cut(string(text), ":")
			}
			found = append(found, images.Login{User: user, Password: password})
		}
	}
	return found
}
