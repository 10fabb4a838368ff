import Foundation
import HTTPTypes
import Store
import Testing
import Web
import Yams

@Suite struct EndpointTests {
  /// A comma in an unquoted text ends it, and what follows becomes a key.
  @Test func noTextOfTheDescriptionIsCutAtAComma() throws {
    let text = String(decoding: try Assets().openAPI, as: UTF8.self)
    let root = try #require(try Yams.load(yaml: text))
    #expect(OpenAPI.brokenKeys(of: root) == [])
    let cut = try #require(try Yams.load(yaml: "{a: {description: One, as two.}}"))
    #expect(OpenAPI.brokenKeys(of: cut) == ["/a/as two."])
  }

  @Test func everyEndpointIsFoundByItsOwnPath() {
    let table = RouteTable()
    for endpoint in Endpoint.allCases {
      let path = endpoint.path.replacing("{file...}", with: "a/b.js")
        .replacing("{id}", with: "x%20y").replacing("{name}", with: "n")
        .replacing("{library}", with: "leaflet")
      guard case .found(let found, let parameters) = table.match(endpoint.method, path) else {
        Issue.record("\(endpoint.rawValue) is not found")
        continue
      }
      #expect(found == endpoint)
      if endpoint.path.contains("{id}") { #expect(parameters["id"] == "x y") }
      if endpoint == .library {
        #expect(parameters == ["library": "leaflet", "file": "a/b.js"])
      }
    }
  }

  @Test func anotherMethodIsToldWhatThePathKnows() {
    let table = RouteTable()
    let delete = HTTPRequest.Method.delete
    #expect(table.match(delete, "/v1/tap-batches") == .otherMethod([.post]))
    #expect(table.match(delete, "/v1/devices") == .otherMethod([.post, .get]))
    #expect(table.match(delete, "/v1/devices/a/revoke") == .otherMethod([.post]))
    #expect(table.match(.head, "/healthz") == .found(.health, [:]))
  }

  @Test(arguments: [
    "/v1", "/v1/devices/", "/v1/devices//revoke", "/v1/devices/a/b/revoke", "//", "/healthz/",
    "/assets/", "/lib/leaflet", "/lib/leaflet/", "/lib/leaflet//x", "/v1/devices/%zz/revoke",
    "/v1/devices/%00/revoke", "/v1/devices/%ff/revoke",
  ])
  func aPathThatIsNoneIsNotFound(_ path: String) {
    #expect(RouteTable().match(.get, path) == .nothing)
  }

  @Test func theDescriptionListsExactlyTheEndpointsOfTheInterface() throws {
    let described = try OpenAPI.load()
    let expected = Endpoint.allCases.filter { !$0.isPage && $0 != .asset && $0 != .library }
    #expect(Set(described.operations.keys) == Set(expected.map(\.rawValue)))
    for endpoint in expected {
      let operation = try #require(described.operations[endpoint.rawValue])
      #expect(operation.id == String(describing: endpoint))
      #expect(operation.mediaTypes == Set(endpoint.body.types), "\(endpoint)")
      #expect(operation.schemes == OpenAPI.schemes(of: endpoint.access), "\(endpoint)")
      #expect(operation.roles == OpenAPI.roles(of: endpoint.access), "\(endpoint)")
      #expect(operation.isScoped == OpenAPI.isScoped(endpoint.access), "\(endpoint)")
      #expect(operation.pathParameters == OpenAPI.parameters(of: endpoint.path), "\(endpoint)")
    }
  }

  @Test func whatChangesAnythingNeedsAnAnswerOfWhoAsks() {
    for endpoint in Endpoint.allCases where endpoint.method == .post {
      let isOpen = endpoint.access == .anyone
      // These forms carry the token themselves.
      let isForm = [
        .login, .logout, .fleetAct, .booksAct, .subsidyAct, .bankAct, .ratingAct,
      ].contains(endpoint)
      #expect(!isOpen || isForm, "\(endpoint)")
    }
  }
}

/// What the description says, as far as the list of endpoints can be compared with it.
struct OpenAPI {
  struct Operation {
    var id: String?
    var mediaTypes: Set<String>
    var schemes: Set<String>
    var roles: Set<String>?
    var isScoped: Bool
    var pathParameters: Set<String>
  }

  var operations: [String: Operation] = [:]

  static func load() throws -> OpenAPI {
    let text = String(decoding: try Assets().openAPI, as: UTF8.self)
    let root = try #require(try Yams.load(yaml: text) as? [String: Any])
    let paths = try #require(root["paths"] as? [String: [String: [String: Any]]])
    var description = OpenAPI()
    for (path, methods) in paths {
      for (method, operation) in methods {
        description.operations["\(method.uppercased()) \(path)"] = read(operation)
      }
    }
    return description
  }

  /// Keys that no description of an API has: a text that was cut at its comma, with the rest as a key.
  static func brokenKeys(of value: Any, at place: String = "") -> [String] {
    if let object = value as? [String: Any] {
      return object.flatMap { key, inner -> [String] in
        let name = place + "/" + key
        let isBroken = inner is NSNull || key.contains(" ") && !key.hasPrefix("/")
        return isBroken ? [name] : brokenKeys(of: inner, at: name)
      }
    }
    return (value as? [Any] ?? []).flatMap { brokenKeys(of: $0, at: place) }
  }

  private static func read(_ operation: [String: Any]) -> Operation {
    let body = operation["requestBody"] as? [String: Any]
    let content = body?["content"] as? [String: Any] ?? [:]
    let security = operation["security"] as? [[String: Any]] ?? []
    let parameters = operation["parameters"] as? [[String: Any]] ?? []
    let names = parameters.filter { $0["in"] as? String == "path" }
      .compactMap { $0["name"] as? String }
    return Operation(
      id: operation["operationId"] as? String, mediaTypes: Set(content.keys),
      schemes: Set(security.flatMap(\.keys)),
      roles: (operation["x-kvytok-roles"] as? [Any]).map { Set($0.compactMap { $0 as? String }) },
      isScoped: operation["x-kvytok-operator-scope"] as? Bool ?? false,
      pathParameters: Set(names))
  }

  static func schemes(of access: Access) -> Set<String> {
    switch access {
    case .anyone, .oneTimeSecret: []
    case .device: ["device", "deviceSignature"]
    case .acquirer: ["acquirerSignature"]
    case .staff: ["bearer"]
    }
  }

  static func roles(of access: Access) -> Set<String>? {
    guard case .staff(let roles, _) = access else { return nil }
    return Set(roles.map(\.rawValue))
  }

  static func isScoped(_ access: Access) -> Bool {
    guard case .staff(_, let isScoped) = access else { return false }
    return isScoped
  }

  static func parameters(of path: String) -> Set<String> {
    Set(
      path.split(separator: "/").filter { $0.hasPrefix("{") }
        .map { String($0.dropFirst().dropLast()) })
  }
}
