import Foundation
import Polyphony

/// The functions of HDF5's C interface that the reader needs, found by name.
struct HDF5Functions {
  typealias ID = HDF5Library.ID
  typealias Name = UnsafePointer<CChar>
  typealias Extents = UnsafeMutablePointer<UInt64>
  typealias ErrorVisitor = @convention(c) (CUnsignedInt, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> CInt

  // Functions of the library as a whole.
  let open: @convention(c) () -> CInt
  let version:
    @convention(c) (
      UnsafeMutablePointer<CUnsignedInt>, UnsafeMutablePointer<CUnsignedInt>, UnsafeMutablePointer<CUnsignedInt>
    ) -> CInt
  let reportErrors: @convention(c) (ID, UnsafeRawPointer?, UnsafeRawPointer?) -> CInt
  let walkErrors: @convention(c) (ID, CInt, ErrorVisitor, UnsafeMutableRawPointer?) -> CInt
  /// Closes the object of any identifier.
  let release: @convention(c) (ID) -> CInt
  let kind: @convention(c) (ID) -> CInt

  // Functions of files and groups.
  let openFile: @convention(c) (Name, CUnsignedInt, ID) -> ID
  let groupInformation: @convention(c) (ID, UnsafeMutableRawPointer) -> CInt
  let linkName: @convention(c) (ID, Name, CInt, CInt, UInt64, UnsafeMutablePointer<CChar>?, Int, ID) -> Int
  let linkInformation: @convention(c) (ID, Name, UnsafeMutableRawPointer, ID) -> CInt
  let linkExists: @convention(c) (ID, Name, ID) -> CInt
  let openObject: @convention(c) (ID, Name, ID) -> ID

  // Functions of attributes.
  let attributeExists: @convention(c) (ID, Name) -> CInt
  let openAttribute: @convention(c) (ID, Name, ID) -> ID
  let attributeType: @convention(c) (ID) -> ID
  let attributeSpace: @convention(c) (ID) -> ID
  let readAttribute: @convention(c) (ID, ID, UnsafeMutableRawPointer) -> CInt

  // Functions of data sets, their storage and their extents.
  let openDataset: @convention(c) (ID, Name, ID) -> ID
  let space: @convention(c) (ID) -> ID
  let type: @convention(c) (ID) -> ID
  let creation: @convention(c) (ID) -> ID
  let access: @convention(c) (ID) -> ID
  let storageSize: @convention(c) (ID) -> UInt64
  let read: @convention(c) (ID, ID, ID, ID, ID, UnsafeMutableRawPointer) -> CInt
  /// Frees texts of varying length that were read.
  let reclaim: @convention(c) (ID, ID, ID, UnsafeMutableRawPointer) -> CInt
  let layout: @convention(c) (ID) -> CInt
  let chunk: @convention(c) (ID, CInt, Extents) -> CInt
  let externalFiles: @convention(c) (ID) -> CInt
  let setChunkCache: @convention(c) (ID, Int, Int, Double) -> CInt
  let rank: @convention(c) (ID) -> CInt
  let extents: @convention(c) (ID, Extents, Extents?) -> CInt
  let makeSpace: @convention(c) (CInt, UnsafePointer<UInt64>, UnsafePointer<UInt64>?) -> ID
  let select:
    @convention(c) (
      ID, CInt, UnsafePointer<UInt64>, UnsafePointer<UInt64>?, UnsafePointer<UInt64>, UnsafePointer<UInt64>?
    ) -> CInt

  // Functions of element types.
  let typeClass: @convention(c) (ID) -> CInt
  let typeSize: @convention(c) (ID) -> Int
  let typeOrder: @convention(c) (ID) -> CInt
  let typeSign: @convention(c) (ID) -> CInt
  let typePrecision: @convention(c) (ID) -> Int
  let typeBase: @convention(c) (ID) -> ID
  let isVaryingText: @convention(c) (ID) -> CInt
  let typeFields:
    @convention(c) (
      ID, UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>,
      UnsafeMutablePointer<Int>
    ) -> CInt

  /// Finds every function in an open library.
  /// - Throws: `Fault(.failure)` with the name of an absent function.
  init(_ handle: UnsafeMutableRawPointer) throws(Fault) {
    // The last of several names is the oldest form of the function.
    func find<Function>(_ names: String...) throws(Fault) -> Function {
      guard let symbol = names.lazy.compactMap({ dlsym(handle, $0) }).first else {
        throw Fault(
          .failure, "this is no HDF5 library that can be used", found: "no function \(names[0])",
          expected: "HDF5 1.10 or newer")
      }
      return unsafeBitCast(symbol, to: Function.self)
    }
    open = try find("H5open")
    version = try find("H5get_libversion")
    reportErrors = try find("H5Eset_auto2")
    walkErrors = try find("H5Ewalk2")
    release = try find("H5Idec_ref")
    kind = try find("H5Iget_type")
    openFile = try find("H5Fopen")
    groupInformation = try find("H5Gget_info")
    linkName = try find("H5Lget_name_by_idx")
    linkInformation = try find("H5Lget_info2", "H5Lget_info1", "H5Lget_info")
    linkExists = try find("H5Lexists")
    openObject = try find("H5Oopen")
    attributeExists = try find("H5Aexists")
    openAttribute = try find("H5Aopen")
    attributeType = try find("H5Aget_type")
    attributeSpace = try find("H5Aget_space")
    readAttribute = try find("H5Aread")
    openDataset = try find("H5Dopen2")
    space = try find("H5Dget_space")
    type = try find("H5Dget_type")
    creation = try find("H5Dget_create_plist")
    access = try find("H5Dget_access_plist")
    storageSize = try find("H5Dget_storage_size")
    read = try find("H5Dread")
    reclaim = try find("H5Treclaim", "H5Dvlen_reclaim")
    layout = try find("H5Pget_layout")
    chunk = try find("H5Pget_chunk")
    externalFiles = try find("H5Pget_external_count")
    setChunkCache = try find("H5Pset_chunk_cache")
    rank = try find("H5Sget_simple_extent_ndims")
    extents = try find("H5Sget_simple_extent_dims")
    makeSpace = try find("H5Screate_simple")
    select = try find("H5Sselect_hyperslab")
    typeClass = try find("H5Tget_class")
    typeSize = try find("H5Tget_size")
    typeOrder = try find("H5Tget_order")
    typeSign = try find("H5Tget_sign")
    typePrecision = try find("H5Tget_precision")
    typeBase = try find("H5Tget_super")
    isVaryingText = try find("H5Tis_variable_str")
    typeFields = try find("H5Tget_fields")
  }
}
