// signet-keyholder: the only process that loads a vendor's PKCS#11 module and knows a PIN. Started by signetd.
#include "keyholder/process.h"

int main() { signet::run_keyholder(); }
