// CTorch exports one symbol, `ctorch_interface_table`, which Swift looks up by name at run time (see ctorch.h).
#pragma once
