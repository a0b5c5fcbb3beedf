#include "keyholder/work.h"

#include "wire/status.h"

namespace signet {

void answer(Work& work, const Result<SignatureValue>& result) {
  if (work.answered.exchange(true)) return;
  internal::KeyholderToIssuer message;
  message.set_id(work.id);
  if (result.has_value()) {
    message.set_signature(std::string(text_of(result->view())));
  } else {
    *message.mutable_error() = to_failure(result.error());
  }
  // An issuer that has gone knows what to do about answers it never got.
  static_cast<void>(work.link->channel.send(message));
}

}  // namespace signet
