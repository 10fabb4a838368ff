import Basics
import Foundation
import HTTPTypes
import Mustache
import Store

/// What stands around every page: sections, languages, who is signed in.
struct PageFrame {
  struct Link {
    let path: String
    let name: String
    let code: String
    let isCurrent: Bool
  }

  let language: String
  let title: String
  let sections: [Link]
  let languages: [Link]
  let role: String?
  /// The first page that the reader may open.
  let home: String
  let isoTime: String
  let time: String
  /// The zone on whose clock all times of the page are.
  let zone: String

  /// The pages of the navigation, in their order, and the words for them.
  static let sections: [(Endpoint, String)] = [
    (.overviewPage, "overview_title"), (.mapPage, "map_title"), (.fleetPage, "fleet_title"),
    (.loadPage, "load_title"), (.reportPage, "report_title"), (.booksPage, "books_title"),
    (.subsidyPage, "subsidy_title"),
    (.bankPage, "bank_title"), (.ratingPage, "rating_title"), (.riderPage, "rider_title"),
  ]

  /// The frame of a page for a request: with the sections that the caller may open.
  init(_ request: WebRequest, titleName: String, people: People) {
    language = request.language.rawValue
    title = people.text(titleName)
    sections = PageFrame.links(of: request.caller, current: request.endpoint, people)
    home = PageFrame.home(of: request.caller)
    languages = PageFrame.languageLinks(request.language) { language in
      var pairs = request.query.filter { $0.key != Language.parameterName && $0.key != "token" }
      pairs[Language.parameterName] = language.rawValue
      let query = pairs.sorted { $0.key < $1.key }
        .map { percentEncoded($0.key) + "=" + percentEncoded($0.value) }
      return "\(request.endpoint.method == .get ? request.endpoint.path : "/login")?"
        + query.joined(separator: "&")
    }
    role = request.caller.map { people.text("role_\($0.role.rawValue)") }
    isoTime = request.receivedAt.description
    time = people.moment(request.receivedAt)
    zone = people.zone.name
  }

  /// The frame of a page that says what failed: whoever is signed in finds their sections there.
  init(
    failureIn language: Language, titleName: String, at moment: Instant, people: People,
    caller: AccessGrant?
  ) {
    self.language = language.rawValue
    title = people.text(titleName)
    let home = PageFrame.home(of: caller)
    sections = caller == nil ? [] : PageFrame.links(of: caller, current: nil, people)
    self.home = home
    languages = PageFrame.languageLinks(language) { "\(home)?lang=\($0.rawValue)" }
    role = caller.map { people.text("role_\($0.role.rawValue)") }
    isoTime = moment.description
    time = people.moment(moment)
    zone = people.zone.name
  }

  /// The sections that a person may open.
  private static func links(
    of caller: AccessGrant?, current: Endpoint?, _ people: People
  ) -> [Link] {
    sections.compactMap { endpoint, name in
      guard endpoint.access == .anyone || caller?.may(use: endpoint.access) == true
      else { return nil }
      return Link(
        path: endpoint.path, name: people.text(name), code: "", isCurrent: endpoint == current)
    }
  }

  /// The first page of whoever is signed in; of nobody the one that leads to signing in.
  private static func home(of caller: AccessGrant?) -> String {
    caller.map { Handlers.home(of: $0) } ?? Endpoint.overviewPage.path
  }

  private static func languageLinks(
    _ current: Language, _ path: (Language) -> String
  ) -> [Link] {
    let names: [Language: String] = [.ukrainian: "Українська", .english: "English"]
    return Language.allCases.map { language in
      Link(
        path: path(language), name: names[language] ?? language.rawValue,
        code: language.rawValue, isCurrent: language == current)
    }
  }
}

/// The templates, read once at the start.
struct Pages: Sendable {
  /// The templates of the folder `Pages`.
  static let names = [
    "layout", "balance", "overview", "map", "fleet", "load", "report", "books", "subsidies",
    "bank", "rating", "rider", "login", "problem",
  ]

  private let library: MustacheLibrary

  init() throws {
    let folder = URL(fileURLWithPath: Assets.pageFolder)
    MustacheContentTypes.register(PageText(), named: PageText.name)
    var library = MustacheLibrary()
    for name in Pages.names {
      let path = folder.appendingPathComponent("\(name).mustache")
      let text = try String(contentsOf: path, encoding: .utf8)
      try library.register("{{% CONTENT_TYPE: \(PageText.name)}}" + text, named: name)
    }
    self.library = library
  }

  /// A page from its template.
  func page(
    _ name: String, frame: PageFrame, language: Language, _ model: Any,
    status: HTTPResponse.Status = .ok
  ) -> Answer {
    let context: [String: Any] = [
      "t": Texts.inLanguage(language), "frame": frame, "page": model,
    ]
    // A template that is not there would have failed when the templates were read.
    let html = library.render(context, withTemplate: name) ?? ""
    return .page(html, status)
  }
}
