internal import CLibZip

#if canImport(Glibc)
  import Glibc
#endif

/// The most that an archive may hold; a gzip bomb ends at these and not at the end of memory.
package struct ZipLimits: Sendable {
  /// Most bytes of the archive itself.
  package var archiveBytesMax = 256 << 20
  /// Most files and folders in it.
  package var entriesMax = 1000
  /// Most bytes of one file once inflated: six million stop times.
  package var entryBytesMax = 256 << 20
  /// Most archives inside one another.
  package var nestingMax = 2

  /// The limits as they stand.
  package init() {}
}

/// Why an archive could not be read.
package enum ZipFault: Error, Equatable, Sendable, CustomStringConvertible {
  case empty
  case archiveTooLarge(bytes: Int, bytesMax: Int)
  /// Not a zip, or one that is cut off or broken; the words are libzip's.
  case notAnArchive(reason: String)
  case tooManyEntries(count: Int, countMax: Int)
  case entryTooLarge(name: String, bytesMax: Int)
  case encrypted(name: String)
  /// The bytes of a file cannot be inflated, or their checksum is wrong.
  case unreadable(name: String, reason: String)

  package var description: String {
    switch self {
    case .empty: "the file is empty"
    case .archiveTooLarge(let bytes, let bytesMax):
      "the archive has \(bytes) bytes, more than the \(bytesMax) allowed"
    case .notAnArchive(let reason): "not a zip archive, or one cut off: \(reason)"
    case .tooManyEntries(let count, let countMax):
      "the archive holds \(count) entries, more than the \(countMax) allowed"
    case .entryTooLarge(let name, let bytesMax):
      "\(name) inflates to more than the \(bytesMax) bytes allowed"
    case .encrypted(let name): "\(name) is encrypted; make the archive without a password"
    case .unreadable(let name, let reason): "\(name) cannot be inflated: \(reason)"
    }
  }
}

/// A zip archive in memory; libzip inflates, nothing touches a disk.
package final class ZipArchive {
  /// A file in the archive.
  package struct Entry: Hashable, Sendable {
    /// Path with `/`; what is not UTF-8 is read as code page 437.
    package let name: String
    /// Bytes once inflated, as the archive claims.
    package let byteCount: Int
    let index: UInt64
    let isEncrypted: Bool
  }

  /// The files in the order of the archive, without folders.
  package let entries: [Entry]
  private let handle: OpaquePointer
  private let limits: ZipLimits

  /// Opens an archive.
  package init(_ bytes: [UInt8], limits: ZipLimits = ZipLimits()) throws(ZipFault) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= limits.archiveBytesMax else {
      throw .archiveTooLarge(bytes: bytes.count, bytesMax: limits.archiveBytesMax)
    }
    let handle = try ZipArchive.open(bytes)
    do throws(ZipFault) {
      entries = try ZipArchive.list(handle, limits: limits)
    } catch {
      zip_discard(handle)
      throw error
    }
    self.handle = handle
    self.limits = limits
  }

  deinit { zip_discard(handle) }

  /// The inflated bytes of a file; the checksum has been compared.
  package func bytes(of entry: Entry) throws(ZipFault) -> [UInt8] {
    guard !entry.isEncrypted else { throw .encrypted(name: entry.name) }
    guard entry.byteCount <= limits.entryBytesMax else {
      throw .entryTooLarge(name: entry.name, bytesMax: limits.entryBytesMax)
    }
    guard let file = zip_fopen_index(handle, entry.index, 0) else {
      throw .unreadable(name: entry.name, reason: String(cString: zip_strerror(handle)))
    }
    defer { zip_fclose(file) }
    var failure: ZipFault?
    // One byte more than claimed, so that a file which inflates to more than it says is noticed.
    let bytes = [UInt8](unsafeUninitializedCapacity: entry.byteCount + 1) { buffer, count in
      count = 0
      while count < buffer.count {
        let read = zip_fread(
          file, buffer.baseAddress?.advanced(by: count), UInt64(buffer.count - count))
        if read < 0 {
          let reason = String(cString: zip_file_strerror(file))
          failure = .unreadable(name: entry.name, reason: reason)
        }
        guard read > 0 else { break }
        count += Int(read)
      }
    }
    if let failure { throw failure }
    guard bytes.count == entry.byteCount else {
      throw .unreadable(name: entry.name, reason: "its size is not the one the archive names")
    }
    return bytes
  }

  private static func open(_ bytes: [UInt8]) throws(ZipFault) -> OpaquePointer {
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    // libzip takes the copy over and frees it with the archive.
    guard let copy = malloc(bytes.count) else { throw .notAnArchive(reason: "out of memory") }
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { memcpy(copy, start, source.count) }
    }
    guard let source = zip_source_buffer_create(copy, UInt64(bytes.count), 1, &error) else {
      free(copy)
      throw .notAnArchive(reason: String(cString: zip_error_strerror(&error)))
    }
    guard let handle = zip_open_from_source(source, ZIP_RDONLY, &error) else {
      zip_source_free(source)
      throw .notAnArchive(reason: String(cString: zip_error_strerror(&error)))
    }
    return handle
  }

  private static func list(
    _ handle: OpaquePointer, limits: ZipLimits
  ) throws(ZipFault) -> [Entry] {
    let count = zip_get_num_entries(handle, 0)
    guard count <= limits.entriesMax else {
      throw .tooManyEntries(count: Int(count), countMax: limits.entriesMax)
    }
    var entries: [Entry] = []
    for index in 0..<UInt64(max(count, 0)) {
      var stat = zip_stat_t()
      guard zip_stat_index(handle, index, 0, &stat) == 0, let nameBytes = stat.name else {
        throw .notAnArchive(reason: String(cString: zip_strerror(handle)))
      }
      let name = String(cString: nameBytes)
      if name.hasSuffix("/") { continue }
      entries.append(
        Entry(
          name: name, byteCount: Int(clamping: stat.size), index: index,
          isEncrypted: stat.encryption_method != 0))
    }
    return entries
  }
}

// MARK: - Making

extension ZipArchive {
  /// Makes an archive of files, deflated, in their order, always the same bytes for the same files.
  ///
  /// Every file carries the time 1980-01-01 00:00, the first that a zip can name.
  package static func make(files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    precondition(Set(files.map(\.name)).count == files.count, "two files have one name")
    guard !files.isEmpty else { return emptyArchive }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = zip_source_buffer_create(nil, 0, 0, &error) else {
      preconditionFailure("libzip: \(String(cString: zip_error_strerror(&error)))")
    }
    zip_source_keep(source)
    defer { zip_source_free(source) }
    guard let handle = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error) else {
      preconditionFailure("libzip: \(String(cString: zip_error_strerror(&error)))")
    }
    for file in files { add(file.name, file.bytes, to: handle) }
    precondition(zip_close(handle) == 0, "libzip: \(String(cString: zip_strerror(handle)))")
    return contents(of: source)
  }

  /// An end of central directory record alone: libzip writes nothing when there is no file.
  private static let emptyArchive: [UInt8] = [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 18)

  private static func add(_ name: String, _ bytes: [UInt8], to handle: OpaquePointer) {
    // libzip takes the copy over, but would not free one of no bytes.
    let copy = bytes.isEmpty ? nil : malloc(bytes.count)
    bytes.withUnsafeBytes { source in
      if let copy, let start = source.baseAddress { memcpy(copy, start, source.count) }
    }
    let source = zip_source_buffer(handle, copy, UInt64(bytes.count), 1)
    let index = zip_file_add(handle, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
    precondition(index >= 0, "libzip: \(String(cString: zip_strerror(handle)))")
    // Date 1980-01-01 is year 0, month 1, day 1 in the packed form of MS-DOS.
    zip_file_set_dostime(handle, UInt64(index), 0, 1 << 5 | 1, 0)
  }

  private static func contents(of source: OpaquePointer) -> [UInt8] {
    var stat = zip_stat_t()
    precondition(zip_source_stat(source, &stat) == 0, "libzip lost the archive it made")
    precondition(zip_source_open(source) == 0, "libzip lost the archive it made")
    defer { zip_source_close(source) }
    return [UInt8](unsafeUninitializedCapacity: Int(stat.size)) { buffer, count in
      count = 0
      while count < buffer.count {
        let read = zip_source_read(
          source, buffer.baseAddress?.advanced(by: count), UInt64(buffer.count - count))
        guard read > 0 else { break }
        count += Int(read)
      }
    }
  }
}
