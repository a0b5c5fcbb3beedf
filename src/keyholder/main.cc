// signet-keyholder: the only process that loads a vendor's PKCS#11 module and knows a PIN. Started by signetd.
#include "base/standard_streams.h"
#include "keyholder/process.h"

int main() {
  signet::open_standard_streams();
  signet::run_keyholder();
}
