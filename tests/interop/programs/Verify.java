// Accepts certificates as Java does: TLS servers and clients as its default trust manager, responders as its validation
// of certification paths takes an OCSP answer that they signed, CAs as that takes a path below them.
// Each line of standard input: purpose ("server", "client", "ocsp" or "path"), root, chain, and for "ocsp" the chain of
// the certificate that was asked about and the answer. Prints "yes" or why not for each.
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

public class Verify {
  static final CertificateFactory factory = factory();

  static CertificateFactory factory() {
    try {
      return CertificateFactory.getInstance("X.509");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<X509Certificate> read(String file) throws Exception {
    List<X509Certificate> certificates = new ArrayList<>();
    try (InputStream in = new FileInputStream(file)) {
      for (var certificate : factory.generateCertificates(in)) certificates.add((X509Certificate) certificate);
    }
    return certificates;
  }

  static X509TrustManager trustManager(X509Certificate root) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("root", root);
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(store);
    return (X509TrustManager) managers.getTrustManagers()[0];
  }

  static PKIXParameters parameters(X509Certificate root) throws Exception {
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    parameters.setRevocationEnabled(false);
    return parameters;
  }

  static void validate(List<X509Certificate> chain, PKIXParameters parameters) throws Exception {
    CertPathValidator.getInstance("PKIX").validate(factory.generateCertPath(chain), parameters);
  }

  /// The answer about the first certificate of the path is one of the responder's, and Java believes it.
  static void validateWithAnswer(List<X509Certificate> chain, X509Certificate root, String answer) throws Exception {
    PKIXRevocationChecker checker =
        (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
    checker.setOptions(
        EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
    checker.setOcspResponses(Map.of(chain.get(0), Files.readAllBytes(Path.of(answer))));
    PKIXParameters parameters = parameters(root);
    parameters.addCertPathChecker(checker);
    validate(chain, parameters);
  }

  static void verify(String[] line) throws Exception {
    X509Certificate root = read(line[1]).get(0);
    List<X509Certificate> chain = read(line[2]);
    X509Certificate[] array = chain.toArray(new X509Certificate[0]);
    switch (line[0]) {
      case "server" -> trustManager(root).checkServerTrusted(array, "ECDHE_ECDSA");
      case "client" -> trustManager(root).checkClientTrusted(array, "EC");
      case "path" -> validate(chain, parameters(root));
      case "ocsp" -> validateWithAnswer(read(line[3]), root, line[4]);
      default -> throw new IllegalArgumentException(line[0]);
    }
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      try {
        verify(line.split(" "));
        System.out.println("yes");
      } catch (GeneralSecurityException e) {
        System.out.println("no: " + e.getMessage());
      }
    }
  }
}
