// What OHIF reads before it starts. @ARCHIVE@ is put in by viewer.py: the address of the archive, without a slash.
//
// Each request to the archive, and to nobody else, carries the session of whoever signed in on this page and the
// purpose that was chosen there. OHIF itself can send only one of the two.
(() => {
  const archive = "@ARCHIVE@";
  const origin = new URL(archive).origin;
  const session = JSON.parse(sessionStorage.getItem("edm-session") || "null");
  if (!session || new Date(session.until) <= new Date()) {
    sessionStorage.removeItem("edm-session");
    const here = location.pathname + location.search;
    location.replace("/sign-in.html?next=" + encodeURIComponent(here));
    return;
  }

  const fields = { Authorization: "Bearer " + session.token, "EDM-Purpose": session.purpose };
  if (session.reason) fields["EDM-Reason"] = encodeURIComponent(session.reason);
  const isOurs = (address) => new URL(address, location.href).origin === origin;
  const looked = (status) => {
    if (status === 401) sessionStorage.removeItem("edm-session"); // the next page asks for a new one
  };

  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    open.call(this, method, address, ...rest);
    if (isOurs(address)) {
      for (const [name, value] of Object.entries(fields)) this.setRequestHeader(name, value);
      this.addEventListener("load", () => looked(this.status));
    }
  };
  const fetched = window.fetch;
  window.fetch = async (asked, said) => {
    const request = new Request(asked, said);
    if (!isOurs(request.url)) return fetched(asked, said);
    for (const [name, value] of Object.entries(fields)) request.headers.set(name, value);
    const answer = await fetched(request);
    looked(answer.status);
    return answer;
  };

  const dicomweb = archive + "/dicomweb";
  window.config = {
    name: "EDM Archive",
    routerBasename: null,
    extensions: [],
    modes: [],
    customizationService: [{ "ohif.tours": { $set: [] } }], // nothing lies over the first image
    showStudyList: true,
    maxNumberOfWebWorkers: 3,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    investigationalUseDialog: { option: "never" },
    // HTTP/1.1: a browser opens six connections to a server; the archive answers 32 requests of a caller at a time.
    maxNumRequests: { interaction: 16, thumbnail: 4, prefetch: 4 },
    showErrorDetails: "always",
    defaultDataSourceName: "archive",
    dataSources: [
      {
        namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
        sourceName: "archive",
        configuration: {
          friendlyName: "EDM Archive",
          name: "archive",
          qidoRoot: dicomweb,
          wadoRoot: dicomweb,
          qidoSupportsIncludeField: true,
          supportsReject: false, // what was taken over is never changed
          supportsStow: false,
          imageRendering: "wadors",
          thumbnailRendering: "wadors",
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: false,
          supportsWildcard: true,
          staticWado: false,
          singlepart: "bulkdata",
          bulkDataURI: { enabled: true },
          omitQuotationForMultipartRequest: true,
        },
      },
    ],
  };
})();
