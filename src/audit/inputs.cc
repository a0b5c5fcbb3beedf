#include "audit/inputs.h"

#include "audit/entry_file.h"
#include "base/file.h"

namespace signet::audit {
namespace {

constexpr std::size_t kMaxKeyBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxCertificateBytes = std::size_t{128} * 1024;
constexpr std::size_t kMaxCertificatesBytes = std::size_t{4} * 1024 * 1024;

template <class T>
Result<T> of_option(Result<T> result, const std::string& option) {
  if (result.has_value()) return result;
  return fail(ErrorCode::kInvalidArgument, std::move(result.error().message), option);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

Result<GivenKey> parse_key_file(ByteView content) {
  const std::string_view text = trimmed(text_of(content));
  if (!text.starts_with("-----BEGIN ")) {
    SIGNET_TRY(log::NoteVerifier verifier, log::NoteVerifier::parse(text));
    return GivenKey{.verifier = std::move(verifier), .bare = {}};
  }
  SIGNET_TRY(const std::vector<Bytes> keys, decode_pem(text_of(content), "PUBLIC KEY"));
  SIGNET_TRY(PublicKey key, PublicKey::from_spki(keys.front()));
  return GivenKey{.verifier = {}, .bare = std::move(key)};
}

}  // namespace

Result<GivenKey> load_log_key(const std::string& key_or_file, const std::string& option) {
  auto parsed = log::NoteVerifier::parse(key_or_file);
  if (parsed.has_value()) return GivenKey{.verifier = *std::move(parsed), .bare = {}};
  const auto content = read_file(key_or_file, kMaxKeyBytes, FileTrust::kAnyone, option);
  if (!content.has_value()) {
    return fail(ErrorCode::kInvalidArgument,
                "neither a verifier key (" + parsed.error().message + ") nor a file (" +
                    printable(content.error().message) + ")",
                option);
  }
  return of_option(parse_key_file(*content), option);
}

Result<log::NoteVerifier> verifier_for(const GivenKey& key, const std::string& origin) {
  if (key.verifier) return *key.verifier;
  const auto type = key.bare->type() == KeyType::kEd25519 ? log::NoteKeyType::kEd25519 : log::NoteKeyType::kEcdsa;
  return log::NoteVerifier::make(origin, type, *key.bare);
}

Result<std::vector<log::NoteVerifier>> parse_witnesses(const std::vector<std::string>& keys) {
  std::vector<log::NoteVerifier> witnesses;
  for (const std::string& key : keys) {
    SIGNET_TRY(log::NoteVerifier witness, of_option(log::NoteVerifier::parse(key), "witness"));
    if (witness.type() != log::NoteKeyType::kCosignatureV1) {
      return fail(ErrorCode::kInvalidArgument,
                  witness.describe() + " is a key of type " + std::string(name_of(witness.type())) +
                      "; that of a witness is of type cosignature/v1",
                  "witness");
    }
    witnesses.push_back(std::move(witness));
  }
  return witnesses;
}

Result<std::vector<Certificate>> load_issuers(const std::vector<std::string>& files) {
  std::vector<Certificate> issuers;
  for (const std::string& file : files) {
    SIGNET_TRY(const Bytes content, read_file(file, kMaxCertificatesBytes, FileTrust::kAnyone, "issuer"));
    auto read = parse_certificates(content);
    if (!read.has_value()) return fail(ErrorCode::kInvalidArgument, file + ": " + read.error().message, "issuer");
    for (Certificate& certificate : *read) issuers.push_back(std::move(certificate));
  }
  return issuers;
}

Result<Certificate> load_certificate(const std::string& file) {
  constexpr const char* kField = "certificate";
  SIGNET_TRY(const Bytes content, read_file(file, kMaxCertificateBytes, FileTrust::kAnyone, kField));
  // It is looked up, not relied on: what the CA issued with an extension of the operator's own is to be found, too.
  SIGNET_TRY(const std::vector<Certificate> all,
             of_option(parse_certificates(content, UnknownCritical::kTaken), kField));
  return all.front();
}

Result<log::Note> load_note(const std::string& file, const std::string& option) {
  SIGNET_TRY(const Bytes content, read_file(file, log::kMaxNoteBytes, FileTrust::kAnyone, option));
  return of_option(log::parse_note(content), option);
}

std::optional<log::GenesisFields> read_genesis(const std::string& directory) {
  auto file = EntryFile::open(directory);
  if (!file.has_value()) return std::nullopt;
  const auto block = file->next();
  if (!block.has_value() || !block->has_value()) return std::nullopt;
  const auto entry = log::parse_entry(copy_of((*block)->entry(0)), 0);
  if (!entry.has_value() || entry->type != log::entry_type::kGenesis) return std::nullopt;
  auto fields = log::read_genesis(*entry);
  if (!fields.has_value()) return std::nullopt;
  return *std::move(fields);
}

}  // namespace signet::audit
