package controlplane

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	certificateAge = 10 * 365 * 24 * time.Hour
	clusterName    = "rollback-sandbox"
	userName       = "administrator"
)

// credentials are made once and kept with the cluster's data, so that a kubeconfig outlives every restart.
type credentials struct {
	certificate, key  string // files of the API server's certificate, which is its own authority
	accountKey        string // file of the key that signs service account tokens
	tokens            string // file of the administrator's token, as --token-auth-file wants it
	token             string
	certificateAsText []byte
}

func ensureCredentials(dir string) (*credentials, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	c := &credentials{
		certificate: filepath.Join(dir, "apiserver.crt"),
		key:         filepath.Join(dir, "apiserver.key"),
		accountKey:  filepath.Join(dir, "service-account.key"),
		tokens:      filepath.Join(dir, "tokens.csv"),
	}
	if err := c.ensureCertificate(); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if err := ensureFile(c.accountKey, keyutil.MakeEllipticPrivateKeyPEM); err != nil {
		return nil, fmt.Errorf("service account key: %w", err)
	}
	if err := ensureFile(c.tokens, func() ([]byte, error) {
		return fmt.Appendf(nil, "%s,%s,%s,system:masters\n", rand.Text(), userName, userName), nil
	}); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	line, err := os.ReadFile(c.tokens)
	if err != nil {
		return nil, err
	}
	c.token, _, _ = strings.Cut(string(line), ",")
	c.certificateAsText, err = os.ReadFile(c.certificate)
	return c, err
}

// ensureCertificate makes a certificate, or a new one in place of one that is about to end.
func (c *credentials) ensureCertificate() error {
	if lasts(c.certificate, 24*time.Hour) {
		if _, err := os.Stat(c.key); err == nil {
			return nil
		}
	}
	certificate, key, err := certutil.GenerateSelfSignedCertKeyWithOptions(certutil.SelfSignedCertKeyOptions{
		Host:         "127.0.0.1",
		AlternateIPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
		AlternateDNS: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		MaxAge:       certificateAge,
	})
	if err != nil {
		return err
	}
	if err := writeFile(c.key, key); err != nil {
		return err
	}
	return writeFile(c.certificate, certificate)
}

func lasts(file string, atLeast time.Duration) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && time.Now().Add(atLeast).Before(certificate.NotAfter)
}

func ensureFile(path string, content func() ([]byte, error)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	data, err := content()
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

// writeFile replaces a file in one step: a kill halfway leaves the old one or the new one.
func writeFile(path string, data []byte) error {
	partial := path + ".partial"
	if err := os.WriteFile(partial, data, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

func (c *credentials) kubeconfig(server string) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[clusterName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: c.certificateAsText}
	config.AuthInfos[userName] = &clientcmdapi.AuthInfo{Token: c.token}
	config.Contexts[clusterName] = &clientcmdapi.Context{Cluster: clusterName, AuthInfo: userName, Namespace: "default"}
	config.CurrentContext = clusterName
	return clientcmd.Write(*config)
}

// restConfig is for the parts of this program. Their rate is not limited: they are the only ones at work, and a rollout
// should take as long as its pods do.
func (c *credentials) restConfig(server string) *rest.Config {
	return &rest.Config{
		Host: server, BearerToken: c.token, TLSClientConfig: rest.TLSClientConfig{CAData: c.certificateAsText},
		QPS: clientQPS, Burst: 2 * clientQPS, UserAgent: "rollback-sandbox",
	}
}
