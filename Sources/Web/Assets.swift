import Basics
import Foundation
import HTTPTypes

/// The files a page asks for: our own from the bundle, the map and chart libraries from the system.
///
/// All are read once at the start, so that no request reads a disk or can name a file of its own.
package struct Assets: Sendable {
  /// Where Debian's `libjs-*` packages put their files.
  package static let libraryFolder = "/usr/share/javascript"
  /// The files of the system's libraries that our pages use.
  package static let libraryFiles = [
    "leaflet/leaflet.css", "leaflet/leaflet.min.js", "leaflet/images/layers.png",
    "leaflet/images/layers-2x.png", "leaflet/images/marker-icon.png",
    "leaflet/images/marker-icon-2x.png", "leaflet/images/marker-shadow.png",
    "chart.js/chart.min.js",
  ]
  /// The files of our own.
  package static let ownFiles = ["style.css", "map.js", "load.js", "bank.js", "icon.svg"]

  /// Where the files of our own lie.
  package static var pageFolder: String {
    Bundle.module.bundleURL.appendingPathComponent("Pages").path
  }

  private struct File: Sendable {
    let bytes: [UInt8]
    let type: String
    let tag: String
  }

  private var files: [String: File] = [:]

  /// The description of the interface.
  package let openAPI: [UInt8]

  /// Libraries of the system that are not installed, by the package to install.
  package private(set) var missingPackages: [String] = []

  /// Reads the files; throws when one of our own is not there, which is a broken installation.
  package init(libraryFolder: String = Assets.libraryFolder) throws {
    let folder = URL(fileURLWithPath: Assets.pageFolder)
    openAPI = Array(try Data(contentsOf: folder.appendingPathComponent("openapi.yaml")))
    for name in Assets.ownFiles {
      add(name, Array(try Data(contentsOf: folder.appendingPathComponent(name))))
    }
    for name in Assets.libraryFiles {
      let path = URL(fileURLWithPath: libraryFolder).appendingPathComponent(name)
      guard let data = try? Data(contentsOf: path) else {
        let library = name.hasPrefix("leaflet") ? "libjs-leaflet" : "libjs-chart.js"
        if !missingPackages.contains(library) { missingPackages.append(library) }
        continue
      }
      add(name, Array(data))
    }
  }

  private mutating func add(_ name: String, _ bytes: [UInt8]) {
    let type =
      switch name.split(separator: ".").last {
      case "css": "text/css; charset=utf-8"
      case "js": "text/javascript; charset=utf-8"
      case "svg": "image/svg+xml"
      default: "image/png"
      }
    let tag = "\"\(String(stableHash(bytes), radix: 16))\""
    files[name] = File(bytes: bytes, type: type, tag: tag)
  }

  /// A file by name, or the word that the browser has it already; nil when there is none.
  func answer(_ name: String, known: String?) -> Answer? {
    guard let file = files[name] else { return nil }
    let isKnown = known?.contains(file.tag) ?? false
    var answer = Answer(
      isKnown ? .notModified : .ok, contentType: file.type, body: isKnown ? [] : file.bytes)
    answer.headers[.eTag] = file.tag
    answer.headers[.cacheControl] = "no-cache"
    return answer
  }
}
