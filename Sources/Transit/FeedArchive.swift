import Basics

/// The files of a feed, wherever in the archive they lie.
struct FeedArchive {
  private let archive: ZipArchive
  private let entries: [String: ZipArchive.Entry]

  /// Names of all files of the feed, in order.
  let names: [String]

  /// Opens an archive whose files lie at its root, in one folder, or in one archive inside it.
  init(zip: [UInt8], limits: ZipLimits) throws(FeedFault) {
    var bytes = zip
    for _ in 0..<max(limits.nestingMax, 1) {
      let archive = try FeedArchive.open(bytes, limits: limits)
      let files = archive.entries.filter { !FeedArchive.isLitter($0.name) }
      if let folder = try FeedArchive.folder(of: files) {
        self.archive = archive
        var entries: [String: ZipArchive.Entry] = [:]
        for file in files where FeedArchive.folder(of: file.name) == folder {
          let name = FeedArchive.base(file.name)
          if entries[name] == nil { entries[name] = file }
        }
        self.entries = entries
        names = entries.keys.sorted()
        return
      }
      let inner = files.filter { FeedArchive.base($0.name).hasSuffix(".zip") }
      guard inner.count == 1 else { break }
      do throws(ZipFault) {
        bytes = try archive.bytes(of: inner[0])
      } catch {
        throw FeedArchive.fatal("", "bad_archive", error.description)
      }
    }
    throw FeedArchive.fatal(
      "", "not_a_feed", "the archive holds no stops.txt: this is not a GTFS feed")
  }

  /// The bytes of a file; nil when the feed has none of that name.
  func bytes(of name: String) throws(FeedFault) -> [UInt8]? {
    guard let entry = entries[name] else { return nil }
    do throws(ZipFault) {
      return try archive.bytes(of: entry)
    } catch {
      throw FeedArchive.fatal(name, "bad_archive", error.description)
    }
  }

  static func fatal(_ file: String, _ code: String, _ message: String) -> FeedFault {
    FeedFault(file: file, line: nil, code: code, message: message, isFatal: true)
  }

  private static func open(
    _ bytes: [UInt8], limits: ZipLimits
  ) throws(FeedFault) -> ZipArchive {
    do throws(ZipFault) {
      return try ZipArchive(bytes, limits: limits)
    } catch {
      throw fatal("", "bad_archive", error.description)
    }
  }

  /// The folder that holds `stops.txt`; nil when none does.
  private static func folder(of files: [ZipArchive.Entry]) throws(FeedFault) -> String? {
    let folders = Set(files.filter { base($0.name) == "stops.txt" }.map { folder(of: $0.name) })
    if folders.contains("") { return "" }
    guard folders.count > 1 else { return folders.first }
    throw fatal(
      "", "several_feeds",
      "the archive holds feeds in several folders (\(folders.sorted().joined(separator: ", "))); "
        + "make an archive of one")
  }

  /// What archivers of some systems add beside the files.
  private static func isLitter(_ name: String) -> Bool {
    name.hasPrefix("__MACOSX/") || base(name).hasPrefix(".")
  }

  private static func folder(of name: String) -> String {
    let parts = name.replacing("\\", with: "/").split(separator: "/")
    return parts.dropLast().joined(separator: "/")
  }

  private static func base(_ name: String) -> String {
    String(name.replacing("\\", with: "/").split(separator: "/").last ?? "").lowercased()
  }
}
