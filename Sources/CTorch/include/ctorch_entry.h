// CTorch exports one symbol, `ctorch_interface_table`, found by name at run time: see ctorch.h.
#pragma once
